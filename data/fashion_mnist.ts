/** Fashion-MNIST: 60,000 training and 10,000 test pictures of clothes (Xiao et al. 2017; MIT). */
import { CLOTHES_NAMES } from "./class_names.ts";
import { parseIdx } from "./idx.ts";
import { IDX_BYTES, type IdxFile, idxWaysOut, loadIdxDataset } from "./idx_dataset.ts";
import type { ImageDataset } from "./images.ts";
import type { DataSource, PublicDataset } from "./public_dataset.ts";

/** The four files. The publishers give MD5 sums of the gzipped files. */
export const FASHION_MNIST: PublicDataset<IdxFile> = {
  title: "Fashion-MNIST",
  folder: "fashion-mnist",
  files: {
    "train-images-idx3-ubyte": {
      bytes: IDX_BYTES["train-images-idx3-ubyte"],
      gzipMd5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    },
    "train-labels-idx1-ubyte": {
      bytes: IDX_BYTES["train-labels-idx1-ubyte"],
      gzipMd5: "25c81989df183df01b3e8a0aad5dffbe",
    },
    "t10k-images-idx3-ubyte": {
      bytes: IDX_BYTES["t10k-images-idx3-ubyte"],
      gzipMd5: "bef4ecab320f06d8554ea6380940ec79",
    },
    "t10k-labels-idx1-ubyte": {
      bytes: IDX_BYTES["t10k-labels-idx1-ubyte"],
      gzipMd5: "bb300cfdad3c16e7a12a480ee83cd310",
    },
  },
  mirrors: [
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
  ],
  suffix: ".gz",
  waysOut: idxWaysOut("fashion-mnist"),
  diagnose: parseIdx,
};

/**
 * Fashion-MNIST from `fashion-mnist/` in a directory or in a cache.
 *
 * @throws {UserError} As `readPublicFile()` does.
 */
export async function loadFashionMnist(source: DataSource): Promise<ImageDataset> {
  return await loadIdxDataset("fashion-mnist", FASHION_MNIST, CLOTHES_NAMES, source);
}
