/** Labelled pictures as they are held in memory, and which of them are held out. */
import { createHash } from "node:crypto";

/** Some examples of a dataset. */
export interface ImageSplit {
  readonly count: number;
  /** `count · height · width · channels` values from 0 (background) to 255, row by row. */
  readonly pixels: Uint8Array;
  /** `count` class numbers. */
  readonly labels: Uint8Array;
}

/** The names of the classes of digits. */
export const DIGIT_NAMES: readonly string[] = [..."0123456789"];

/** A dataset of pictures with one class each. */
export interface ImageDataset {
  /** A name of the registry or the path of a folder. */
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

/** One in so many is held out. */
const HELD_OUT = 10;

/** Indices of examples to train on and to test with. */
export interface Split {
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/**
 * Holds out a tenth of every class, rounded, and of all classes together at least one: those whose
 * names have the highest SHA-256. So the split depends on names alone, neither on the order in which
 * a disk lists them nor on a seed, and a file that is added moves few others across. Both parts come
 * in the order of the hashes, which mixes the classes.
 *
 * @param names What identifies each example, such as its path; no two alike.
 */
export function splitByName(names: readonly string[], labels: ArrayLike<number>): Split {
  const hashes = names.map((name) => createHash("sha256").update(name).digest("hex"));
  const order = names.map((_, i) => i).sort((a, b) => hashes[a]! < hashes[b]! ? -1 : 1);
  const byClass = new Map<number, number[]>();
  for (const i of order) {
    const members = byClass.get(labels[i]!) ?? [];
    members.push(i);
    byClass.set(labels[i]!, members);
  }
  const held = new Set(
    [...byClass.values()].flatMap((members) =>
      members.slice(members.length - Math.round(members.length / HELD_OUT))
    ),
  );
  if (held.size === 0) held.add(order.at(-1)!);
  return {
    train: order.filter((i) => !held.has(i)),
    test: order.filter((i) => held.has(i)),
  };
}
