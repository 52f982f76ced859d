/** The images of a run and the file format of samples. */
import { type ImageDataset, loadImageDataset, type LoadImageOptions } from "../../data/mod.ts";
import type { PictureFacts, Run } from "../store/run.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafeTensor,
  UserError,
} from "../../engine/host/mod.ts";
import type { ImageConfig } from "./config.ts";
import type { SamplePixels } from "./records.ts";

/** The digits of MNIST and of the made-up digits, the data of runs that do not record it. */
export const DIGITS: PictureFacts = {
  height: 28,
  width: 28,
  channels: 1,
  classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
};

/** Returns shape and classes of the images of a run; digits until its data was loaded. */
export function picturesOf({ pictures }: Pick<Run, "pictures">): PictureFacts {
  return pictures ?? DIGITS;
}

/** Returns the label of "no class": the number of classes. */
export function noClassOf({ classNames }: Pick<PictureFacts, "classNames">): number {
  return classNames.length;
}

/** Selects shape and class names of a data set. */
export function pictureFacts({ height, width, channels, classNames }: PictureFacts): PictureFacts {
  return { height, width, channels, classNames };
}

/** Returns the image shape with the number of classes, as networks require it. */
export function shapeOf(facts: PictureFacts): PictureFacts & { readonly classes: number } {
  return { ...facts, classes: facts.classNames.length };
}

/** Loads the data set of a configuration. @throws {UserError} If it is not available. */
export async function loadPictures(
  { dataset, image_size, colour }: ImageConfig,
  options: Omit<LoadImageOptions, "imageSize" | "colour"> = {},
): Promise<ImageDataset> {
  return await loadImageDataset(dataset, { ...options, imageSize: image_size, colour });
}

const FORMAT = "textdiffusion-sample-1";

export function encodeSamplePixels(
  pixels: SamplePixels,
  metadata: Record<string, string>,
): Uint8Array {
  const { count, height, width, channels } = pixels;
  const images = (data: Float32Array): SafeTensor => ({
    dtype: "F32",
    shape: [count, height, width, channels],
    data,
  });
  const tensors: Record<string, SafeTensor> = {
    images: images(pixels.images),
    labels: { dtype: "I32", shape: [count], data: pixels.labels },
  };
  const { heldOut } = pixels;
  if (heldOut) {
    const labels = (data: Int32Array): SafeTensor => ({ dtype: "I32", shape: [count], data });
    tensors["given/images"] = images(heldOut.images);
    tensors["given/labels"] = labels(heldOut.labels);
    if (heldOut.mask) tensors["given/mask"] = images(heldOut.mask);
    if (heldOut.recognised) tensors["given/recognised"] = labels(heldOut.recognised);
  }
  pixels.frames.forEach((frame, i) => {
    tensors[`frame/${i}/noisy`] = images(frame.noisy);
    tensors[`frame/${i}/denoised`] = images(frame.denoised);
  });
  const frames = pixels.frames.map(({ step, gamma }) => ({ step, gamma }));
  return encodeSafetensors(tensors, {
    ...metadata,
    format: FORMAT,
    class_names: JSON.stringify(pixels.classNames),
    frames: JSON.stringify(frames),
  });
}

/** Decodes the file of a sample. @throws {UserError} If it is damaged or not a sample. */
export function decodeSamplePixels(bytes: Uint8Array): SamplePixels {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const floats = (name: string) => {
    const tensor = tensors[name];
    if (metadata.format !== FORMAT || tensor?.dtype !== "F32") {
      throw new UserError(`The file is not a sample of TextDiffusion: it has no pixels ${name}`);
    }
    return tensor;
  };
  const { shape, data } = floats("images");
  const [count, height, width, channels] = shape as [number, number, number, number];
  // JSON encodes the infinite −log SNR of pure noise as null.
  const frames = JSON.parse(metadata.frames!) as { step: number; gamma: number | null }[];
  return {
    count,
    height,
    width,
    channels,
    // Older files contain digits.
    classNames: metadata.class_names
      ? JSON.parse(metadata.class_names) as string[]
      : DIGITS.classNames,
    images: data,
    labels: tensors.labels!.data as Int32Array,
    ...heldOutOf(tensors),
    frames: frames.map(({ step, gamma }, i) => ({
      step,
      gamma: gamma ?? Infinity,
      noisy: floats(`frame/${i}/noisy`).data,
      denoised: floats(`frame/${i}/denoised`).data,
    })),
  };
}

function heldOutOf(tensors: Record<string, SafeTensor>): Pick<SamplePixels, "heldOut"> {
  const [images, labels, mask, recognised] = ["images", "labels", "mask", "recognised"]
    .map((name) => tensors[`given/${name}`]?.data);
  if (!images || !labels) return {};
  return {
    heldOut: {
      images: images as Float32Array,
      labels: labels as Int32Array,
      mask: mask as Float32Array | undefined,
      recognised: recognised as Int32Array | undefined,
    },
  };
}
