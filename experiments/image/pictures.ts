/** What the pictures of a run are like, without loading its data. */
import { type ImageDataset, loadImageDataset, type LoadImageOptions } from "../../data/mod.ts";
import type { ImageConfig } from "../config/mod.ts";
import type { PictureFacts, Run } from "../store/run.ts";

/** Those of MNIST and of the made-up digits, the only ones before runs told. */
export const DIGITS: PictureFacts = {
  height: 28,
  width: 28,
  channels: 1,
  classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
};

/** The pictures that a run learns; until its data was loaded for the first time, digits. */
export function picturesOf({ pictures }: Pick<Run, "pictures">): PictureFacts {
  return pictures ?? DIGITS;
}

/** The label that stands for "no class": the number after the last class. */
export function noClassOf({ classNames }: Pick<PictureFacts, "classNames">): number {
  return classNames.length;
}

/** The facts among what else a dataset has. */
export function pictureFacts({ height, width, channels, classNames }: PictureFacts): PictureFacts {
  return { height, width, channels, classNames };
}

/** As networks ask for it. */
export function shapeOf(facts: PictureFacts): PictureFacts & { readonly classes: number } {
  return { ...facts, classes: facts.classNames.length };
}

/** The pictures of a configuration. @throws {UserError} If they are not to be had. */
export async function loadPictures(
  { dataset, image_size, colour }: ImageConfig,
  options: Omit<LoadImageOptions, "imageSize" | "colour"> = {},
): Promise<ImageDataset> {
  return await loadImageDataset(dataset, { ...options, imageSize: image_size, colour });
}
