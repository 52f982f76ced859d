/** MNIST: 60,000 training and 10,000 test digits (LeCun, Cortes, Burges; CC BY-SA 3.0). */
import { DIGIT_NAMES } from "./class_names.ts";
import { parseIdx } from "./idx.ts";
import { type IdxFile, loadIdxDataset } from "./idx_dataset.ts";
import type { ImageDataset } from "./images.ts";
import type { DataSource, PublicDataset } from "./public_dataset.ts";

/** The four files: training images and labels, test images and labels. */
export const MNIST: PublicDataset<IdxFile> = {
  title: "MNIST",
  folder: "mnist",
  files: {
    "train-images-idx3-ubyte": {
      bytes: 47_040_016,
      sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    "train-labels-idx1-ubyte": {
      bytes: 60_008,
      sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
    "t10k-images-idx3-ubyte": {
      bytes: 7_840_016,
      sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    "t10k-labels-idx1-ubyte": {
      bytes: 10_008,
      sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
  },
  mirrors: [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
  ],
  suffix: ".gz",
  waysOut: "Put the four files (gzipped or not) into a folder `mnist` and name the folder " +
    "above it with the environment variable TEXTDIFFUSION_DATA or the option `directory`, or use " +
    "the dataset `mnist-6k`, 7,000 of MNIST's digits that come with this program " +
    '(--set dataset=mnist-6k, or overrides {"dataset": "mnist-6k"})',
  diagnose: parseIdx,
};

/**
 * MNIST from `mnist/` in a directory or in a cache.
 *
 * @throws {UserError} As `readPublicFile()` does.
 */
export async function loadMnist(source: DataSource): Promise<ImageDataset> {
  return await loadIdxDataset("mnist", MNIST, DIGIT_NAMES, source);
}
