/**
 * MNIST: 60,000 training and 10,000 test digits (LeCun, Cortes, Burges; CC BY-SA 3.0), from a
 * directory, or downloaded once and cached. Either way the content is verified.
 */
import { join } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import { decompress, type ExpectedContent, sha256, verify } from "./content.ts";
import { download, type DownloadOptions } from "./download.ts";
import { type NamedBytes, parseIdx, parseImageSplit } from "./idx.ts";
import type { ImageDataset } from "./images.ts";

/** The four files, uncompressed: training images and labels, test images and labels. */
export const MNIST_FILES = {
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
} as const satisfies Record<string, ExpectedContent>;

type MnistFile = keyof typeof MNIST_FILES;

/** Public copies of the gzipped files. */
export const MNIST_MIRRORS: readonly string[] = [
  "https://ossci-datasets.s3.amazonaws.com/mnist/",
  "https://storage.googleapis.com/cvdf-datasets/mnist/",
];

const WAYS_OUT = "Put the four files (gzipped or not) into a folder `mnist` and name the folder " +
  "above it with the environment variable TEXTDIFFUSION_DATA or the option `directory`, or use " +
  "the dataset `made-up-digits`, which needs no network";

/**
 * MNIST from `<directory>/mnist/`, where the files may be gzipped (`.gz`) or not.
 *
 * @throws {UserError} If a file is missing or is not MNIST's.
 */
export async function mnistFromDirectory(directory: string): Promise<ImageDataset> {
  return await assemble(async (file) => {
    const folder = join(directory, "mnist");
    const packed = await readIfThere(join(folder, `${file}.gz`));
    const found = packed ?? await readIfThere(join(folder, file));
    if (!found) {
      throw new UserError(
        `Cannot find MNIST: there is neither ${file}.gz nor ${file} in ${folder}. ${WAYS_OUT}`,
      );
    }
    return await recognise(found, file, join(folder, packed ? `${file}.gz` : file));
  });
}

/** The content of a user's file, with the most telling complaint if it is not the expected one. */
async function recognise(bytes: Uint8Array, file: MnistFile, path: string): Promise<Uint8Array> {
  const expected = MNIST_FILES[file];
  const result = await verify(bytes, expected);
  if ("content" in result) return result.content;
  const content = await decompress(bytes, expected.bytes + 1).catch(() => undefined);
  if (content) parseIdx(content, path);
  throw new UserError(`Cannot use ${path} as MNIST's ${file}: ${result.wrong}`);
}

/**
 * MNIST from `<cache>/mnist/`, downloading what is missing or damaged there. Several processes may
 * ask at once: one downloads, the others wait for it.
 *
 * @throws {UserError} If the cache cannot be written or no mirror delivers.
 */
export async function mnistFromCache(
  cache: string,
  mirrors: readonly string[],
  options: DownloadOptions,
): Promise<ImageDataset> {
  const folder = join(cache, "mnist");
  return await assemble(async (file) => {
    const destination = join(folder, `${file}.gz`);
    const cached = await readVerified(destination, file);
    if (cached) return cached;
    using _lock = await lockFolder(folder);
    return await readVerified(destination, file) ?? await fetchFile(file);
  });

  async function fetchFile(file: MnistFile): Promise<Uint8Array> {
    const name = `${file}.gz`;
    const remote = {
      name,
      urls: mirrors.map((mirror) => `${mirror.replace(/\/$/, "")}/${name}`),
      expected: MNIST_FILES[file],
      destination: join(folder, name),
    };
    try {
      return await download(remote, options);
    } catch (error) {
      if (error instanceof UserError) throw new UserError(`${error.message}. ${WAYS_OUT}`);
      throw error;
    }
  }
}

async function assemble(read: (file: MnistFile) => Promise<Uint8Array>): Promise<ImageDataset> {
  const files: NamedBytes[] = [];
  for (const name of Object.keys(MNIST_FILES) as MnistFile[]) {
    files.push({ name, bytes: await read(name) });
  }
  const [trainImages, trainLabels, testImages, testLabels] = files as [
    NamedBytes,
    NamedBytes,
    NamedBytes,
    NamedBytes,
  ];
  return {
    name: "mnist",
    title: "MNIST",
    hash: sha256(...files.map(({ bytes }) => bytes)),
    height: 28,
    width: 28,
    channels: 1,
    classes: 10,
    train: parseImageSplit(trainImages, trainLabels),
    test: parseImageSplit(testImages, testLabels),
  };
}

async function readVerified(path: string, file: MnistFile): Promise<Uint8Array | undefined> {
  const bytes = await readIfThere(path);
  const result = bytes && await verify(bytes, MNIST_FILES[file]);
  return result && "content" in result ? result.content : undefined;
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new UserError(`Cannot read ${path}: ${(error as Error).message}`);
  }
}

/** Held until disposed; released by the system if the process dies. */
async function lockFolder(folder: string): Promise<Disposable> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    const file = await Deno.open(join(folder, ".lock"), { create: true, write: true });
    await file.lock(true);
    return file;
  } catch (error) {
    throw new UserError(
      `Cannot write the cache directory ${folder}: ${(error as Error).message}. ${WAYS_OUT}`,
    );
  }
}
