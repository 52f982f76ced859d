/** Labelled images in memory, and the split into training and test images. */
import { sha256 } from "./files.ts";

/** A split of a data set. */
export interface ImageSplit {
  readonly count: number;
  /** Pixels, row-major [count, height, width, channels], from 0 (background) to 255. */
  readonly pixels: Uint8Array;
  /** Class indices, [count]. */
  readonly labels: Uint8Array;
}

/** Names of the classes of digits. */
export const DIGIT_NAMES: readonly string[] = [..."0123456789"];

/** A data set of labelled images. */
export interface ImageDataset {
  /** A name of the registry or the path of a folder. */
  readonly name: string;
  /** Title, such as "MNIST". */
  readonly title: string;
  /** SHA-256, in hexadecimal, of the decompressed IDX files: training images and labels, test images and
   * labels. For a folder of images, of the IDX files that would contain the decoded images. */
  readonly hash: string;
  readonly height: number;
  readonly width: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: number;
  /** Number of classes. */
  readonly classes: number;
  /** Names of the classes, by index. */
  readonly classNames: readonly string[];
  readonly train: ImageSplit;
  readonly test: ImageSplit;
}

/**
 * Gathers the pixels of examples, scaled from 0 … 255 to [−1, 1].
 *
 * @param exampleSize Number of values in one example: height · width · channels.
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

/**
 * Returns the examples of a split with these indices.
 *
 * @param exampleSize Number of values in one example: height · width · channels.
 */
export function selectExamples(
  { pixels: all, labels }: ImageSplit,
  exampleSize: number,
  indices: readonly number[],
): ImageSplit {
  const pixels = new Uint8Array(indices.length * exampleSize);
  indices.forEach((from, to) =>
    pixels.set(all.subarray(from * exampleSize, (from + 1) * exampleSize), to * exampleSize)
  );
  return {
    count: indices.length,
    pixels,
    labels: Uint8Array.from(indices, (index) => labels[index]!),
  };
}

/** One in this many examples is held out. */
const HELD_OUT = 10;

/** Indices of training and test examples. */
export interface Split {
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/**
 * Holds out a tenth of every class (rounded, at least one example in total): the examples whose names have the
 * highest SHA-256. The split therefore depends on the names only, not on the order of the files or on a
 * seed, and changes little when files are added. Both parts are sorted by hash, which mixes the classes.
 *
 * @param names Unique names of the examples, such as their paths.
 */
export function splitByName(names: readonly string[], labels: ArrayLike<number>): Split {
  const hashes = names.map((name) => sha256(name));
  const order = names.map((_, i) => i).sort((a, b) => hashes[a]! < hashes[b]! ? -1 : 1);
  const held = new Set(
    [...Map.groupBy(order, (i) => labels[i]!).values()].flatMap((members) =>
      members.slice(members.length - Math.round(members.length / HELD_OUT))
    ),
  );
  if (held.size === 0) held.add(order.at(-1)!);
  return {
    train: order.filter((i) => !held.has(i)),
    test: order.filter((i) => held.has(i)),
  };
}
