/**
 * The images of a run, the file format of samples, and the held-out images of in-painting and image-to-image.
 */
import {
  gatherImages,
  type ImageDataset,
  loadImageDataset,
  type LoadImageOptions,
} from "../../data/mod.ts";
import type { PictureFacts, Run } from "../store/run.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  RefusedValue,
  type SafeTensor,
  UserError,
} from "../../engine/host/mod.ts";
import type { ImageConfig } from "./config.ts";
import {
  DEFAULT_RESAMPLES,
  type HeldOutOptions,
  type HeldOutPictures,
  type KeptHalf,
  type SamplePixels,
  type SampleRequest,
  type SampleSettings,
} from "./requests.ts";

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

/** Returns the number of values in one image. */
export function valuesIn(
  { height, width, channels }: Pick<PictureFacts, "height" | "width" | "channels">,
): number {
  return height * width * channels;
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
    heldOut: heldOutOf(tensors),
    frames: frames.map(({ step, gamma }, i) => ({
      step,
      gamma: gamma ?? Infinity,
      noisy: floats(`frame/${i}/noisy`).data,
      denoised: floats(`frame/${i}/denoised`).data,
    })),
  };
}

function heldOutOf(tensors: Record<string, SafeTensor>): HeldOutPictures | undefined {
  const [images, labels, mask, recognised] = ["images", "labels", "mask", "recognised"]
    .map((name) => tensors[`given/${name}`]?.data);
  return images && labels && {
    images: images as Float32Array,
    labels: labels as Int32Array,
    mask: mask as Float32Array | undefined,
    recognised: recognised as Int32Array | undefined,
  };
}

/** Whether a request uses held-out images. */
export function usesHeldOut({ keep, strength }: HeldOutOptions): boolean {
  return keep !== undefined || strength !== undefined;
}

/**
 * Returns the settings for held-out images with defaults filled in.
 *
 * @throws {RefusedValue} If a field requires another one that is missing.
 */
export function heldOutSettings(
  request: Omit<SampleRequest, "run">,
  count: number,
): Pick<SampleSettings, keyof HeldOutOptions | "pictures"> {
  const { keep, strength, resamples, pictures } = request;
  if (resamples !== undefined && keep === undefined) {
    throw new RefusedValue((name) =>
      `${name("resamples")} is ${resamples} without ${name("keep")}: it belongs to in-painting, ` +
      "leave it out"
    );
  }
  if (!usesHeldOut(request)) {
    if (pictures === undefined) return {};
    throw new RefusedValue((name) =>
      `${name("pictures")} is ${JSON.stringify(pictures)} without ${name("keep")} or ${
        name("strength")
      }: say with ${name("keep")} which half of held-out pictures to keep, with ` +
      `${name("strength")} how much to change them, or leave it out`
    );
  }
  const numbers = pictures === undefined
    ? Array.from({ length: count }, (_, i) => i)
    : [pictures].flat();
  return {
    keep,
    resamples: keep && (resamples ?? DEFAULT_RESAMPLES),
    strength,
    pictures: Array.from({ length: count }, (_, i) => numbers[i % numbers.length]!),
  };
}

/** Returns the share of samples that the classifier assigns to the class of their held-out image. */
export function recognisedShare({ labels, recognised }: HeldOutPictures): number | null {
  if (!recognised) return null;
  return recognised.reduce((sum, seen, i) => sum + (seen === labels[i] ? 1 : 0), 0) / labels.length;
}

/**
 * Returns the held-out images of the settings.
 *
 * @throws {RefusedValue} If an index is out of range.
 */
export function heldOutPictures(settings: SampleSettings, dataset: ImageDataset): HeldOutPictures {
  const { test } = dataset;
  const numbers = settings.pictures!;
  const missing = numbers.find((number) => number >= test.count);
  if (missing !== undefined) {
    throw new RefusedValue((name) =>
      `${name("pictures")} is ${missing}, but must be a whole number from 0 to ${test.count - 1}`
    );
  }
  return {
    images: gatherImages(test, valuesIn(dataset), numbers),
    labels: Int32Array.from(numbers, (number) => test.labels[number]!),
    mask: settings.keep && maskOf(settings.keep, dataset, numbers.length),
  };
}

/** Returns the settings with the classes of the held-out images, unless classes were requested. */
export function withHeldOutClasses(
  settings: SampleSettings,
  { labels }: HeldOutPictures,
): SampleSettings {
  return settings.classes.length > 0 ? settings : { ...settings, classes: Array.from(labels) };
}

/** Returns the mask, 1 in the kept half of every image. An odd row or column in the middle is sampled. */
function maskOf(
  keep: KeptHalf,
  { height, width, channels }: PictureFacts,
  count: number,
): Float32Array {
  const kept = (row: number, column: number): boolean => {
    switch (keep) {
      case "left":
        return 2 * (column + 1) <= width;
      case "right":
        return 2 * column >= width;
      case "top":
        return 2 * (row + 1) <= height;
      case "bottom":
        return 2 * row >= height;
    }
  };
  const size = height * width * channels;
  return Float32Array.from({ length: count * size }, (_, i) => {
    const pixel = Math.floor((i % size) / channels);
    return kept(Math.floor(pixel / width), pixel % width) ? 1 : 0;
  });
}

/** Number of images at the end of a large training set that are used for validation. */
export const VALIDATION_IMAGES = 256;

/** Returns the number of validation images at the end of the training set: {@link VALIDATION_IMAGES}, but at
 * most a tenth of a small set, and at least one. */
export function validationCount({ train }: Pick<ImageDataset, "train">): number {
  return Math.min(VALIDATION_IMAGES, Math.max(1, Math.floor(train.count / 10)));
}

/** Returns the number of training images, without those for validation. */
export function trainingCount(dataset: ImageDataset): number {
  const kept = validationCount(dataset);
  const count = dataset.train.count - kept;
  if (count < 1) {
    throw new UserError(
      `${dataset.title} has ${dataset.train.count} training images, of which ${kept} must be kept ` +
        "for validation: use a larger data set",
    );
  }
  return count;
}

/** Returns mean and variance of every pixel over the training images, in [−1, 1]. */
export function pixelMoments(
  dataset: ImageDataset,
): { means: Float64Array; variances: Float64Array } {
  const size = valuesIn(dataset);
  const count = trainingCount(dataset);
  const { pixels } = dataset.train;
  const sums = new Float64Array(size), squares = new Float64Array(size);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < size; j++) {
      const value = pixels[i * size + j]!;
      sums[j] = sums[j]! + value;
      squares[j] = squares[j]! + value * value;
    }
  }
  return {
    means: sums.map((sum) => sum / count / 127.5 - 1),
    variances: squares.map((square, j) => (square / count - (sums[j]! / count) ** 2) / 127.5 ** 2),
  };
}
