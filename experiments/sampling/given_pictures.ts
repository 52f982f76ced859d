/** The held-out pictures behind a sample. */
import { gatherImages, type ImageDataset } from "../../data/mod.ts";
import type { GivenPictures, KeptHalf, SampleSettings } from "../types.ts";
import { requireWithin } from "./within.ts";

/**
 * The held-out pictures of the settings.
 *
 * @throws {UserError} If the dataset has no picture of a number.
 */
export function givenPictures(settings: SampleSettings, dataset: ImageDataset): GivenPictures {
  const { test, height, width, channels } = dataset;
  const numbers = settings.pictures!;
  for (const number of numbers) requireWithin("pictures", number, 0, test.count - 1, true);
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
