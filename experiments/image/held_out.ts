/**
 * What a request says about held-out pictures that a sample keeps a part of (in-painting) or starts
 * from (image-to-image).
 */
import { RefusedValue } from "../../engine/host/mod.ts";
import { gatherImages, type ImageDataset } from "../../data/mod.ts";
import type { GivenOptions, KeptHalf, SampleRequest, SampleSettings } from "../requests/image.ts";
import type { GivenPictures } from "../store/records.ts";

/** Walks over each step of in-painting, unless others are asked for. */
const RESAMPLES = 10;

/** Whether a request is about held-out pictures. */
export function isGiven({ keep, strength }: GivenOptions): boolean {
  return keep !== undefined || strength !== undefined;
}

/**
 * The request's choice of held-out pictures, with its defaults filled in.
 *
 * @throws {UserError} If a value needs another that is left out.
 */
export function givenSettings(
  request: Omit<SampleRequest, "run">,
  count: number,
): Pick<SampleSettings, keyof GivenOptions | "pictures"> {
  const { keep, strength, resamples, pictures } = request;
  if (!isGiven(request)) {
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

/** Share of the pictures drawn that the classifier takes for what was given. */
export function recognisedShare({ labels, recognised }: GivenPictures): number | null {
  if (!recognised) return null;
  return recognised.reduce((sum, seen, i) => sum + (seen === labels[i] ? 1 : 0), 0) / labels.length;
}

/**
 * The held-out pictures of the settings.
 *
 * @throws {UserError} If the dataset has no picture of a number.
 */
export function givenPictures(settings: SampleSettings, dataset: ImageDataset): GivenPictures {
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

/** The settings with the classes of the held-out pictures where none were asked for. */
export function withGivenClasses(
  settings: SampleSettings,
  { labels }: GivenPictures,
): SampleSettings {
  return settings.classes.length > 0 ? settings : { ...settings, classes: Array.from(labels) };
}

/** 1 in the kept half of every picture; the odd row or column in the middle is drawn. */
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
