/** Public datasets in the layout of MNIST: four IDX files of 28 × 28 grey pictures of 10 classes. */
import { sha256 } from "./content.ts";
import { type NamedBytes, parseImageSplit } from "./idx.ts";
import type { ImageDataset } from "./images.ts";
import { type DataSource, type PublicDataset, readPublicFile } from "./public_dataset.ts";

/** Training images and labels, test images and labels, in this order. */
const IDX_FILES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
] as const;
export type IdxFile = typeof IDX_FILES[number];

/** Sizes of the four files, decompressed. */
export const IDX_BYTES: Readonly<Record<IdxFile, number>> = {
  "train-images-idx3-ubyte": 47_040_016,
  "train-labels-idx1-ubyte": 60_008,
  "t10k-images-idx3-ubyte": 7_840_016,
  "t10k-labels-idx1-ubyte": 10_008,
};

/** What to do where a dataset that is verified by its published gzipped files is not to be had. */
export function idxWaysOut(folder: string): string {
  return `Put the four published files, gzipped as they are, into a folder \`${folder}\` and name ` +
    "the folder above it with the environment variable TEXTDIFFUSION_DATA or the option " +
    "`directory`, or use the dataset `mnist-6k`, digits that come with this program";
}

/**
 * The four files joined to a dataset.
 *
 * @throws {UserError} As `readPublicFile()` does.
 */
export async function loadIdxDataset(
  name: ImageDataset["name"],
  dataset: PublicDataset<IdxFile>,
  classNames: readonly string[],
  source: DataSource,
): Promise<ImageDataset> {
  const files: NamedBytes[] = [];
  for (const file of IDX_FILES) {
    files.push({ name: file, bytes: await readPublicFile(dataset, file, source) });
  }
  const [trainImages, trainLabels, testImages, testLabels] = files as [
    NamedBytes,
    NamedBytes,
    NamedBytes,
    NamedBytes,
  ];
  return {
    name,
    title: dataset.title,
    hash: sha256(...files.map(({ bytes }) => bytes)),
    height: 28,
    width: 28,
    channels: 1,
    classes: classNames.length,
    classNames,
    train: parseImageSplit(trainImages, trainLabels),
    test: parseImageSplit(testImages, testLabels),
  };
}
