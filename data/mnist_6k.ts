/**
 * MNIST-6k: 6,000 training and 1,000 held-out digits of MNIST, as many of each class, which are in
 * this repository. `mnist-6k/README.md` has their source and licence, `draw_mnist_6k.ts` draws them.
 */
import { fileURLToPath } from "node:url";
import { permutation } from "../engine/host/mod.ts";
import { DIGIT_NAMES } from "./class_names.ts";
import { parseIdx } from "./idx.ts";
import { type IdxFile, loadIdxDataset } from "./idx_dataset.ts";
import type { ImageDataset, ImageSplit } from "./images.ts";
import type { PublicDataset } from "./public_dataset.ts";

/** Examples of each class in the two parts. */
export const DIGITS_OF_EACH_CLASS = { train: 600, test: 100 } as const;
const SEED = 6000;

export const MNIST_6K: PublicDataset<IdxFile> = {
  title: "MNIST-6k",
  folder: "mnist-6k",
  files: {
    "train-images-idx3-ubyte": {
      bytes: 4_704_016,
      sha256: "64b808c14255836d325439c131eac8d6d9f78b0f0c89d1cceff38a06d798523f",
    },
    "train-labels-idx1-ubyte": {
      bytes: 6_008,
      sha256: "3118c82bedf233031805a0c15fccb4e3f31c11a982e7f83a63a46c290069e80f",
    },
    "t10k-images-idx3-ubyte": {
      bytes: 784_016,
      sha256: "e87a519a4e69b1f5b3d4b72dc1aea410daed2dc874d0fbf6188dd6b82bb97bdd",
    },
    "t10k-labels-idx1-ubyte": {
      bytes: 1_008,
      sha256: "85798b045007ac399e37cd22773b5bedb02b8ac4abe3a3bb4c8a2bb27d86d9f3",
    },
  },
  mirrors: [],
  suffix: ".gz",
  waysOut: "The file belongs to this repository: restore it with `git checkout -- data/mnist-6k`",
  diagnose: parseIdx,
};

/**
 * MNIST-6k from this repository: neither a network nor a directory of data is asked.
 *
 * @throws {UserError} If a file is missing or is not the one that was drawn.
 */
export async function loadMnist6k(): Promise<ImageDataset> {
  const directory = fileURLToPath(new URL("./", import.meta.url));
  return await loadIdxDataset("mnist-6k", MNIST_6K, DIGIT_NAMES, { directory });
}

/**
 * The examples of MNIST-6k among those of MNIST: of each class the same number, drawn at random
 * without replacement, in random order.
 *
 * @param split MNIST's training or test examples.
 * @param part Which of the two they are.
 */
export function drawnFromMnist(split: ImageSplit, part: "train" | "test"): ImageSplit {
  const mixed = <Item>(items: readonly Item[], step: number): Item[] => {
    const order = permutation({ seed: SEED, stream: `mnist-6k/${part}`, step }, items.length);
    return Array.from(order, (index) => items[index]!);
  };
  const taken = Array<number>(10).fill(0);
  const drawn = mixed(Array.from({ length: split.count }, (_, index) => index), 0)
    .filter((index) => taken[split.labels[index]!]!++ < DIGITS_OF_EACH_CLASS[part]);
  // As they were drawn, rare classes are left for the end, where validation takes its examples.
  const indices = mixed(drawn, 1);
  const size = split.pixels.length / split.count;
  const pixels = new Uint8Array(indices.length * size);
  indices.forEach((from, to) =>
    pixels.set(split.pixels.subarray(from * size, (from + 1) * size), to * size)
  );
  return {
    count: indices.length,
    pixels,
    labels: Uint8Array.from(indices, (index) => split.labels[index]!),
  };
}
