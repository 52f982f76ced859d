/**
 * The IDX format of the MNIST files (yann.lecun.com/exdb/mnist, "file format"), for unsigned bytes:
 *
 *     2 bytes   zero
 *     1 byte    element type, 8 for unsigned bytes
 *     1 byte    rank
 *     4 bytes   each size, unsigned, big endian
 *     the rest  the elements, row-major
 */
import { basename, join } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import { decompress, readRegularFile, sha256 } from "./files.ts";
import type { ImageSplit } from "./images.ts";
import type { FoundFile } from "./picture_listing.ts";

/** An array of bytes with its shape. */
interface ByteArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 8;

/**
 * Parses an IDX file of unsigned bytes. The elements are a view of the file's bytes.
 *
 * @param file Name of the file, for error messages.
 * @throws {UserError} If the file is malformed or has the wrong size.
 */
export function parseIdx(bytes: Uint8Array, file: string): ByteArray {
  const [zero0, zero1, type, rank] = bytes;
  if (zero0 !== 0 || zero1 !== 0 || type !== UNSIGNED_BYTE || rank === undefined || rank === 0) {
    const start = bytes.subarray(0, 4).toHex() || "nothing";
    throw new UserError(
      `Cannot read ${file}: it starts with ${start}, an IDX file of bytes with 000008 and its rank`,
    );
  }
  const headerLength = 4 + 4 * rank;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from(
    { length: bytes.length < headerLength ? 0 : rank },
    (_, axis) => view.getUint32(4 + 4 * axis),
  );
  const length = headerLength + shape.reduce((product, size) => product * size, 1);
  if (shape.length < rank || bytes.length < length) {
    throw new UserError(
      `Cannot read ${file}: it is cut short, ${bytes.length} bytes where at least ${length} are due`,
    );
  }
  if (bytes.length > length) {
    throw new UserError(
      `Cannot read ${file}: it has ${bytes.length} bytes, its sizes [${shape}] call for ${length}`,
    );
  }
  return { shape, data: bytes.subarray(headerLength) };
}

/** Encodes an array as an IDX file. */
export function formatIdx({ shape, data }: ByteArray): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes.set([0, 0, UNSIGNED_BYTE, shape.length]);
  const view = new DataView(bytes.buffer);
  shape.forEach((size, axis) => view.setUint32(4 + 4 * axis, size));
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

/** The content of a file and its name. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Pictures of any size and their labels. */
export interface LabelledPictures extends ImageSplit {
  readonly height: number;
  readonly width: number;
}

/**
 * Parses a file of images and the file of their labels.
 *
 * @param size Required height and width. By default any.
 * @throws {UserError} If either is malformed or they do not belong together.
 */
function parseLabelledPictures(
  images: NamedBytes,
  labels: NamedBytes,
  size?: number,
): LabelledPictures {
  const pixels = parseIdx(images.bytes, images.name);
  const classes = parseIdx(labels.bytes, labels.name);
  const [count, height, width] = pixels.shape;
  if (
    count === undefined || height === undefined || width === undefined ||
    pixels.shape.length !== 3 || height !== (size ?? height) || width !== (size ?? width)
  ) {
    throw new UserError(
      `Cannot use ${images.name}: its shape is [${pixels.shape}], wanted are ` +
        `[count,${size ?? "height"},${size ?? "width"}]`,
    );
  }
  if (classes.shape.length !== 1 || classes.shape[0] !== count) {
    throw new UserError(
      `Cannot use ${labels.name}: its shape is [${classes.shape}], ` +
        `but ${images.name} holds ${count} pictures`,
    );
  }
  return { count, height, width, pixels: pixels.data, labels: classes.data };
}

/**
 * Parses a file of 28×28 images and the file of their labels.
 *
 * @param classes Number of classes; labels must be smaller.
 * @throws {UserError} If either is malformed or they do not belong together.
 */
export function parseImageSplit(
  images: NamedBytes,
  labels: NamedBytes,
  classes: number,
): ImageSplit {
  const split = parseLabelledPictures(images, labels, 28);
  const wrong = split.labels.findIndex((label) => label >= classes);
  if (wrong >= 0) {
    throw new UserError(
      `Cannot use ${labels.name}: label ${wrong} is ${split.labels[wrong]}, allowed are 0 to ${
        classes - 1
      }`,
    );
  }
  return { count: split.count, pixels: split.pixels, labels: split.labels };
}

/**
 * SHA-256, in hexadecimal, of the four IDX files that would hold a data set: training images and
 * labels, test images and labels.
 */
export function hashAsIdx(
  { train, test }: { readonly train: ImageSplit; readonly test: ImageSplit },
  shape: readonly number[],
): string {
  return sha256(
    ...[train, test].flatMap(({ count, pixels, labels }) => [
      formatIdx({ shape: [count, ...shape], data: pixels }),
      formatIdx({ shape: [count], data: labels }),
    ]),
  );
}

/** `train-images-idx3-ubyte`, `emnist-letters-test-images-idx3-ubyte.gz`, `my.images.idx3` … */
const IMAGES = /images.*idx3/i;
/** File names of test images. */
const TEST = /t10k|test/i;
/** Largest file in bytes; data sets are held in memory. */
const MOST_BYTES = 2 ** 30;

/** Training images and, if the folder has a second set, test images. */
interface IdxPairs {
  readonly train: LabelledPictures;
  readonly test: LabelledPictures | undefined;
}

/** Whether a folder contains IDX files instead of image files. */
export function holdsIdxFiles(files: readonly FoundFile[]): boolean {
  return files.some(({ path }) => IMAGES.test(basename(path)));
}

/**
 * Reads one set of images and labels, or two, one of which has "test" or "t10k" in its name.
 *
 * @throws {UserError} If a file is missing or damaged, or images and labels do not match.
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
