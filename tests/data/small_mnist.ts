import { join } from "node:path";
import type { ImageDataset } from "../../data/mod.ts";
import type { LoadOptions } from "../../data/public_files.ts";
import { type DatasetEntry, idxDataset, imageDatasets } from "../../data/registry.ts";

/** The entry of a data set of pictures. */
export function entryOf(name: string): DatasetEntry<ImageDataset> {
  return imageDatasets.find((entry) => entry.name === name)!;
}

const [MNIST, MNIST_6K] = [entryOf("mnist"), entryOf("mnist-6k")];

/** MNIST as a public data set, but with the digits that are in the repository. */
const SMALL_MNIST = idxDataset({
  ...MNIST,
  classNames: [..."0123456789"],
  counts: [6000, 1000],
  checksums: {
    sha256: MNIST_6K.files!.files.map((file) => (file as { sha256: string }).sha256) as [
      string,
      string,
      string,
      string,
    ],
  },
  mirrors: MNIST.files!.mirrors,
});

export function loadSmallMnist(options: LoadOptions): Promise<ImageDataset> {
  return SMALL_MNIST.open(options);
}

/** The gzipped files of those digits by name. */
export async function smallMnistFiles(): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const folder = new URL("../../data/mnist-6k/", import.meta.url).pathname;
  const names = MNIST_6K.files!.files.map(({ name }) => `${name}.gz`);
  const files = names.map(async (name) => [name, await Deno.readFile(join(folder, name))] as const);
  return Object.fromEntries(await Promise.all(files));
}
