/**
 * The data sets that have a name. An entry says everything about one of them: what it holds, whose it
 * is, which files it consists of and how it is opened. The names that a configuration takes, the
 * descriptions of fields and tools, the table in the README, the check whether a data set can be had
 * and the texts of errors derive from it.
 *
 * A data set in the layout of MNIST is one call of `idxDataset()` in `imageDatasets`.
 */
import { fileURLToPath } from "node:url";
import { sha256 } from "./files.ts";
import { type NamedBytes, parseIdx, parseImageSplit } from "./idx.ts";
import { DIGIT_NAMES, type ImageDataset } from "./images.ts";
import { madeUpDigits, madeUpVerse } from "./made_up.ts";
import { type LoadOptions, type PublicDataset, readPublicFile, sourceOf } from "./public_files.ts";
import { decodeUtf8, type RawText } from "./texts.ts";

/** What is said of a data set. */
interface Facts {
  /** What configurations call it. */
  readonly name: string;
  /** What people call it: "MNIST". */
  readonly title: string;
  /** What it holds, in a few words. */
  readonly holds: string;
  /** Who made it, and where that is described. */
  readonly source: string;
  readonly licence: string;
  /** Where it cannot be had, the data set to take in its place, which needs no network. */
  readonly instead?: DatasetEntry;
  /** The data set that its pictures are part of, whose classifier judges them. That classifier was
   * not trained on the test pictures of this one. */
  readonly partOf?: string;
}

/** A data set that has a name. */
export interface DatasetEntry<Content = unknown> extends Facts {
  /** The files that it consists of, unless this program makes it up. */
  readonly files?: PublicDataset;
  /** @param options Where files are taken from that are not in this repository. */
  open(options: LoadOptions): Promise<Content>;
}

/** A data set in the layout of MNIST: four IDX files of 28 × 28 grey pictures. */
interface IdxFacts extends Facts {
  /** In the order of the numbers of the classes. */
  readonly classNames: readonly string[];
  /** How many pictures are for training and for testing; by default as many as MNIST has. */
  readonly counts?: readonly [train: number, test: number];
  /** Of training images and labels, test images and labels: see `ExpectedContent`. */
  readonly checksums: { readonly sha256: FourSums } | { readonly gzipMd5: FourSums };
  /** Addresses of folders with the gzipped files. None where they are in this repository. */
  readonly mirrors: readonly string[];
}

type FourSums = readonly [string, string, string, string];

/** The entry of a data set in the layout of MNIST. */
export function idxDataset(
  { classNames, counts: [train, test] = [60_000, 10_000], checksums, mirrors, ...facts }: IdxFacts,
): DatasetEntry<ImageDataset> {
  const bytes = {
    "train-images-idx3-ubyte": 16 + 28 * 28 * train,
    "train-labels-idx1-ubyte": 8 + train,
    "t10k-images-idx3-ubyte": 16 + 28 * 28 * test,
    "t10k-labels-idx1-ubyte": 8 + test,
  };
  const published = "gzipMd5" in checksums;
  const files: PublicDataset = {
    title: facts.title,
    folder: facts.name,
    files: Object.entries(bytes).map(([name, bytes], i) => ({
      name,
      bytes,
      ...(published ? { gzipMd5: checksums.gzipMd5[i]! } : { sha256: checksums.sha256[i]! }),
    })),
    mirrors,
    suffix: ".gz",
    waysOut: mirrors.length === 0
      ? `The file belongs to this repository: restore it with \`git checkout -- data/${facts.name}\``
      : waysOut(
        published ? "the four published files, gzipped as they are," : "the four files",
        facts.name,
        facts.instead,
      ),
    diagnose: parseIdx,
  };
  return {
    ...facts,
    files,
    async open(options) {
      const from = mirrors.length === 0 ? { directory: REPOSITORY } : sourceOf(options);
      const read: NamedBytes[] = [];
      for (const file of files.files) {
        read.push({ name: file.name, bytes: await readPublicFile(files, file, from) });
      }
      const [trainImages, trainLabels, testImages, testLabels] = read;
      return {
        name: facts.name,
        title: facts.title,
        hash: sha256(...read.map(({ bytes }) => bytes)),
        height: 28,
        width: 28,
        channels: 1,
        classes: classNames.length,
        classNames,
        train: parseImageSplit(trainImages!, trainLabels!, classNames.length),
        test: parseImageSplit(testImages!, testLabels!, classNames.length),
      };
    },
  };
}

/** The folder above those of data sets that are in this repository. */
const REPOSITORY = fileURLToPath(new URL("./", import.meta.url));

/** What to do where public files cannot be had: a sentence without its period. */
function waysOut(files: string, folder: string, instead: DatasetEntry | undefined): string {
  const own = `Put ${files} into a folder \`${folder}\` and name the folder above it with the ` +
    "environment variable TEXTDIFFUSION_DATA or the option `--data`";
  if (!instead) return own;
  const { name, holds } = instead;
  return `${own}, or use the dataset \`${name}\`, ${holds}, which needs no network ` +
    `(--set dataset=${name}, or overrides {"dataset": "${name}"})`;
}

const MNIST_6K = idxDataset({
  name: "mnist-6k",
  title: "MNIST-6k",
  holds: "6,000 training and 1,000 test digits of MNIST",
  source: "drawn from MNIST by `data/draw_mnist_6k.ts`, as many of each class",
  licence: "CC BY-SA 3.0",
  partOf: "mnist",
  classNames: DIGIT_NAMES,
  counts: [6000, 1000],
  checksums: {
    sha256: [
      "64b808c14255836d325439c131eac8d6d9f78b0f0c89d1cceff38a06d798523f",
      "3118c82bedf233031805a0c15fccb4e3f31c11a982e7f83a63a46c290069e80f",
      "e87a519a4e69b1f5b3d4b72dc1aea410daed2dc874d0fbf6188dd6b82bb97bdd",
      "85798b045007ac399e37cd22773b5bedb02b8ac4abe3a3bb4c8a2bb27d86d9f3",
    ],
  },
  mirrors: [],
});

const MADE_UP_VERSE: DatasetEntry<RawText> = {
  name: "made-up-verse",
  title: "Made-up verse",
  holds: "300,000 characters of rhymed verse from a few templates",
  source: "this program",
  licence: "MIT",
  open: () => Promise.resolve(madeUpVerse()),
};

export const imageDatasets: readonly DatasetEntry<ImageDataset>[] = [
  idxDataset({
    name: "mnist",
    title: "MNIST",
    holds: "60,000 training and 10,000 test digits",
    source: "LeCun, Cortes & Burges 1998, yann.lecun.com/exdb/mnist",
    licence: "CC BY-SA 3.0",
    instead: MNIST_6K,
    classNames: DIGIT_NAMES,
    checksums: {
      sha256: [
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
      ],
    },
    mirrors: [
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ],
  }),
  MNIST_6K,
  idxDataset({
    name: "fashion-mnist",
    title: "Fashion-MNIST",
    holds: "60,000 training and 10,000 test pictures of clothes",
    source: "Xiao, Rasul & Vollgraf 2017, github.com/zalandoresearch/fashion-mnist",
    licence: "MIT",
    instead: MNIST_6K,
    // As the publishers list them under "Labels".
    classNames: "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
      .split(","),
    checksums: {
      gzipMd5: [
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
      ],
    },
    mirrors: [
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ],
  }),
  idxDataset({
    name: "kmnist",
    title: "Kuzushiji-MNIST",
    holds: "60,000 training and 10,000 test hiragana in cursive Japanese",
    source: "Clanuwat et al. 2018, codh.rois.ac.jp/kmnist",
    licence: "CC BY-SA 4.0",
    instead: MNIST_6K,
    // The modern hiragana for which the old forms stand, one of each of ten rows.
    classNames: "o ki su tsu na ha ma ya re wo".split(" "),
    checksums: {
      gzipMd5: [
        "bdb82020997e1d708af4cf47b453dcf7",
        "e144d726b3acfaa3e44228e80efcd344",
        "5c965bf0a639b31b8f53240b1b52f4d7",
        "7320c461ea6c1c855c0b718fb2a4b134",
      ],
    },
    mirrors: ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"],
  }),
  {
    name: "made-up-digits",
    title: "Made-up digits",
    holds: "4,000 training and 1,000 test digits of a bitmap font",
    source: "this program",
    licence: "MIT",
    open: () => Promise.resolve(madeUpDigits()),
  },
];

/** 1,115,394 characters of Shakespeare's plays, collected by Karpathy for char-rnn. */
const TINY_SHAKESPEARE_FILES: PublicDataset = {
  title: "Tiny Shakespeare",
  folder: "shakespeare",
  files: [{
    name: "input.txt",
    bytes: 1_115_394,
    sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
  }],
  mirrors: ["https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/"],
  suffix: "",
  waysOut: waysOut("input.txt", "shakespeare", MADE_UP_VERSE),
};

export const textDatasets: readonly DatasetEntry<RawText>[] = [
  {
    name: "tiny-shakespeare",
    title: TINY_SHAKESPEARE_FILES.title,
    holds: "1.1 million characters of Shakespeare's plays",
    source: "collected by Karpathy 2015, github.com/karpathy/char-rnn",
    licence: "public domain",
    instead: MADE_UP_VERSE,
    files: TINY_SHAKESPEARE_FILES,
    async open(options) {
      const [file] = TINY_SHAKESPEARE_FILES.files;
      const bytes = await readPublicFile(TINY_SHAKESPEARE_FILES, file!, sourceOf(options));
      const text = decodeUtf8(bytes, file!.name);
      return { name: this.name, title: this.title, hash: sha256(bytes), text };
    },
  },
  MADE_UP_VERSE,
];

/** Whether it has to be downloaded, once. */
export function isDownloaded({ files }: DatasetEntry): boolean {
  return files !== undefined && files.mirrors.length > 0;
}
