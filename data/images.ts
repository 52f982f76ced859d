/** Labelled pictures as they are held in memory. */

/** Some examples of a dataset. */
export interface ImageSplit {
  readonly count: number;
  /** `count · height · width · channels` values from 0 (background) to 255, row by row. */
  readonly pixels: Uint8Array;
  /** `count` class numbers. */
  readonly labels: Uint8Array;
}

/** The data sets that have a name. */
export const imageDatasetNames = [
  "mnist",
  "mnist-6k",
  "fashion-mnist",
  "kmnist",
  "made-up-digits",
] as const;
export type ImageDatasetName = typeof imageDatasetNames[number];

/** A dataset of pictures with one class each. */
export interface ImageDataset {
  /** An {@link ImageDatasetName} or the path of a folder. */
  readonly name: string;
  /** For people: "MNIST". */
  readonly title: string;
  /** SHA-256, in hexadecimal, of the decompressed IDX files: training images, training labels, test
   * images, test labels. Of a folder's decoded pictures, the files that would hold them. */
  readonly hash: string;
  readonly height: number;
  readonly width: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: number;
  /** How many classes there are. */
  readonly classes: number;
  /** What people call them, in the order of their numbers. */
  readonly classNames: readonly string[];
  readonly train: ImageSplit;
  readonly test: ImageSplit;
}

/**
 * Pixels of the given examples, scaled from 0 … 255 to [−1, 1].
 *
 * @param exampleSize Values in one example: height · width · channels.
 * @returns Row-major [indices.length, height, width, channels].
 */
export function gatherImages(
  split: ImageSplit,
  exampleSize: number,
  indices: ArrayLike<number>,
): Float32Array {
  const images = new Float32Array(indices.length * exampleSize);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (!(index >= 0 && index < split.count)) {
      throw new RangeError(
        `Internal: example ${index} does not exist, there are ${split.count}`,
      );
    }
    const from = index * exampleSize;
    const to = i * exampleSize;
    for (let j = 0; j < exampleSize; j++) images[to + j] = split.pixels[from + j]! / 127.5 - 1;
  }
  return images;
}
