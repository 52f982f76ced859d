/** A folder of IDX files: pictures and labels in the layout of MNIST, under names of one's own. */
import { basename, join } from "node:path";
import { UserError } from "../../engine/host/mod.ts";
import { decompress } from "../content.ts";
import { type LabelledPictures, type NamedBytes, parseLabelledPictures } from "../idx.ts";
import { readRegularFile } from "../regular_file.ts";
import type { FoundFile } from "./listing.ts";

/** `train-images-idx3-ubyte`, `emnist-letters-test-images-idx3-ubyte.gz`, `my.images.idx3` … */
const IMAGES = /images.*idx3/i;
/** What names tell the pictures that are held out. */
const TEST = /t10k|test/i;
/** All of a set is held in memory. */
const MOST_BYTES = 2 ** 30;

/** Pictures to train on and, where the folder has a second set, those to test with. */
export interface IdxPairs {
  readonly train: LabelledPictures;
  readonly test: LabelledPictures | undefined;
}

/** Whether a folder holds IDX files rather than picture files. */
export function holdsIdxFiles(files: readonly FoundFile[]): boolean {
  return files.some(({ path }) => IMAGES.test(basename(path)));
}

/**
 * Reads one set of images and labels, or two of which one is called test or t10k.
 *
 * @throws {UserError} If a file is missing, damaged or does not belong to the other.
 */
export async function readIdxPairs(folder: string, files: readonly FoundFile[]): Promise<IdxPairs> {
  const images = files.map(({ path }) => path).filter((path) => IMAGES.test(basename(path)));
  const [train, test, ...more] = images.toSorted((a, b) => Number(isTest(a)) - Number(isTest(b)));
  if (more.length > 0 || (test && (isTest(train!) || !isTest(test)))) {
    throw new UserError(
      `Cannot use ${folder}: its files of images are ${images.join(", ")}; leave one, or two of ` +
        "which one is called test or t10k",
    );
  }
  return {
    train: await readPair(folder, train!, files),
    test: test ? await readPair(folder, test, files) : undefined,
  };
}

function isTest(path: string): boolean {
  return TEST.test(basename(path));
}

async function readPair(
  folder: string,
  images: string,
  files: readonly FoundFile[],
): Promise<LabelledPictures> {
  const plain = (path: string) => path.replace(/\.gz$/i, "");
  const expected = plain(images).replace(/images(.*)idx3/i, "labels$1idx1");
  const labels = files.find(({ path }) => plain(path).toLowerCase() === expected.toLowerCase());
  if (!labels) {
    throw new UserError(
      `Cannot use ${
        join(folder, images)
      }: the file of its labels, ${expected} or ${expected}.gz, ` +
        "is missing; put it beside it",
    );
  }
  return parseLabelledPictures(await read(folder, images), await read(folder, labels.path));
}

async function read(folder: string, path: string): Promise<NamedBytes> {
  const name = join(folder, path);
  try {
    return { name, bytes: await decompress(await readRegularFile(name, MOST_BYTES), MOST_BYTES) };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `Cannot read ${name}: ${(error as Error).message}; put the whole file there again`,
    );
  }
}
