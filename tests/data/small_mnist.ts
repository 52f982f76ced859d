import { join } from "node:path";
import { DIGIT_NAMES } from "../../data/class_names.ts";
import { type IdxFile, loadIdxDataset } from "../../data/idx_dataset.ts";
import { type LoadOptions, sourceOf } from "../../data/load.ts";
import { MNIST } from "../../data/mnist.ts";
import { MNIST_6K } from "../../data/mnist_6k.ts";
import type { ImageDataset } from "../../data/mod.ts";
import type { PublicDataset } from "../../data/public_dataset.ts";

/** MNIST as a public data set, but with the digits that are in the repository. */
const SMALL_MNIST: PublicDataset<IdxFile> = { ...MNIST, files: MNIST_6K.files };

export function loadSmallMnist(options: LoadOptions): Promise<ImageDataset> {
  return loadIdxDataset("mnist", SMALL_MNIST, DIGIT_NAMES, sourceOf(options));
}

/** The gzipped files of those digits by name. */
export async function smallMnistFiles(): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const folder = new URL("../../data/mnist-6k/", import.meta.url).pathname;
  const names = Object.keys(MNIST_6K.files).map((name) => `${name}.gz`);
  const files = names.map(async (name) => [name, await Deno.readFile(join(folder, name))] as const);
  return Object.fromEntries(await Promise.all(files));
}
