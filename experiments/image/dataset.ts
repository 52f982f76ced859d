import { type ImageDataset, loadImageDataset, type LoadImageOptions } from "../../data/mod.ts";
import type { ImageConfig } from "../config.ts";

/** The pictures of a configuration. @throws {UserError} If they are not to be had. */
export async function loadPictures(
  { dataset, image_size, colour }: ImageConfig,
  options: Omit<LoadImageOptions, "imageSize" | "colour"> = {},
): Promise<ImageDataset> {
  return await loadImageDataset(dataset, { ...options, imageSize: image_size, colour });
}
