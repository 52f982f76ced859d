/**
 * Held-out images for in-painting and image-to-image.
 */
import { RefusedValue } from "../../engine/host/mod.ts";
import { gatherImages, type ImageDataset } from "../../data/mod.ts";
import type { HeldOutOptions, KeptHalf, SampleRequest, SampleSettings } from "./requests.ts";
import type { HeldOutPictures } from "./records.ts";

/** Default number of resampling iterations of in-painting. */
const RESAMPLES = 10;

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
  if (!usesHeldOut(request)) {
    for (const [field, value] of Object.entries({ pictures, resamples })) {
      if (value === undefined) continue;
      throw new RefusedValue((name) =>
        `${name(field)} is ${JSON.stringify(value)} without ${name("keep")} or ${
          name("strength")
        }: ` +
        `say with ${name("keep")} which half of held-out pictures to keep, with ` +
        `${name("strength")} how much to change them, or leave it out`
      );
    }
    return {};
  }
  if (resamples !== undefined && keep === undefined) {
    throw new RefusedValue((name) =>
      `${name("resamples")} is ${resamples} without ${name("keep")}: it belongs to in-painting, ` +
      "leave it out"
    );
  }
  const numbers = pictures === undefined
    ? Array.from({ length: count }, (_, i) => i)
    : [pictures].flat();
  return {
    keep,
    resamples: keep && (resamples ?? RESAMPLES),
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
  const { test, height, width, channels } = dataset;
  const numbers = settings.pictures!;
  const missing = numbers.find((number) => number >= test.count);
  if (missing !== undefined) {
    throw new RefusedValue((name) =>
      `${name("pictures")} is ${missing}, but must be a whole number from 0 to ${test.count - 1}`
    );
  }
  return {
    images: gatherImages(test, height * width * channels, numbers),
    labels: Int32Array.from(numbers, (number) => test.labels[number]!),
    ...(settings.keep === undefined
      ? {}
      : { mask: maskOf(settings.keep, { ...dataset, count: numbers.length }) }),
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
  { count, height, width, channels }: Record<"count" | "height" | "width" | "channels", number>,
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
