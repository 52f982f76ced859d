/**
 * Kuzushiji-MNIST: 60,000 training and 10,000 test hiragana in cursive Japanese (Clanuwat et al. 2018;
 * CC BY-SA 4.0).
 */
import { HIRAGANA_NAMES } from "./class_names.ts";
import { parseIdx } from "./idx.ts";
import { IDX_BYTES, type IdxFile, idxWaysOut, loadIdxDataset } from "./idx_dataset.ts";
import type { ImageDataset } from "./images.ts";
import type { DataSource, PublicDataset } from "./public_dataset.ts";

/** The four files. The publishers give MD5 sums of the gzipped files. */
export const KMNIST: PublicDataset<IdxFile> = {
  title: "Kuzushiji-MNIST",
  folder: "kmnist",
  files: {
    "train-images-idx3-ubyte": {
      bytes: IDX_BYTES["train-images-idx3-ubyte"],
      gzipMd5: "bdb82020997e1d708af4cf47b453dcf7",
    },
    "train-labels-idx1-ubyte": {
      bytes: IDX_BYTES["train-labels-idx1-ubyte"],
      gzipMd5: "e144d726b3acfaa3e44228e80efcd344",
    },
    "t10k-images-idx3-ubyte": {
      bytes: IDX_BYTES["t10k-images-idx3-ubyte"],
      gzipMd5: "5c965bf0a639b31b8f53240b1b52f4d7",
    },
    "t10k-labels-idx1-ubyte": {
      bytes: IDX_BYTES["t10k-labels-idx1-ubyte"],
      gzipMd5: "7320c461ea6c1c855c0b718fb2a4b134",
    },
  },
  mirrors: [
    "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
  ],
  suffix: ".gz",
  waysOut: idxWaysOut("kmnist"),
  diagnose: parseIdx,
};

/**
 * Kuzushiji-MNIST from `kmnist/` in a directory or in a cache.
 *
 * @throws {UserError} As `readPublicFile()` does.
 */
export async function loadKmnist(source: DataSource): Promise<ImageDataset> {
  return await loadIdxDataset("kmnist", KMNIST, HIRAGANA_NAMES, source);
}
