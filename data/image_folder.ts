/**
 * A folder of images as a data set: image files, with a subfolder for each class, or IDX files. Decoded
 * images are cached until a file changes.
 */
import { basename, join } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import { lockFolder, sha256 } from "./files.ts";
import { hashAsIdx, holdsIdxFiles, type LabelledPictures, readIdxPairs } from "./idx.ts";
import {
  type ImageDataset,
  type ImageSplit,
  selectExamples,
  type Split,
  splitByName,
} from "./images.ts";
import {
  decodePictures,
  deleteOutdated,
  type PictureFormat,
  pictureLength,
  readPictures,
  resizeRawPictures,
  writePictures,
} from "./picture_decoding.ts";
import { filesBelow, type FoundFile, listPictures, requireEnough } from "./picture_listing.ts";

const SMALLEST_IMAGE = 8;
const LARGEST_IMAGE = 64;
/** Largest size of all pixels in bytes; they are held in memory. */
const MOST_BYTES = 2 ** 30;
/** Version of the decoding; it changes when the same files would give other pixels. */
const VERSION = 1;

interface ImageFolderOptions {
  /** Height and width in pixels, by default 28. */
  readonly imageSize?: number | undefined;
  readonly colour?: PictureFormat["colour"] | undefined;
  /** Cache folder of decoded images. */
  readonly cache: string;
  /** Called as pictures are decoded. */
  readonly onDecoded?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Loads the images of a folder, resized to `imageSize` × `imageSize` pixels (default 28), `grey` (default)
 * or `rgb`.
 *
 * A tenth of each class is held out for testing, selected by the hashes of the paths ({@link splitByName});
 * IDX files may have a test set of their own. The hash of the data set is that of the decoded pixels and
 * labels, so it does not depend on the location of the folder.
 *
 * @throws {UserError} If the folder cannot be read, holds too few images or a damaged one, or if
 * the cache cannot be written, with what to do about it.
 */
export async function loadImageFolder(
  folder: string,
  { cache, onDecoded, signal, imageSize = 28, colour = "grey" }: ImageFolderOptions,
): Promise<ImageDataset> {
  if (!Number.isInteger(imageSize) || imageSize < SMALLEST_IMAGE || imageSize > LARGEST_IMAGE) {
    throw new UserError(
      `image_size is ${imageSize}, but must be a whole number from ${SMALLEST_IMAGE} to ${LARGEST_IMAGE}`,
    );
  }
  const form = { imageSize, colour };
  const files = await filesBelow(folder);
  const place = join(cache, "folders");
  const beginning = digest([folder, form]);
  const name = `${beginning}-${digest([VERSION, files])}.pictures`;
  const path = join(place, name);
  const known = await readPictures(path);
  if (known) return known;
  using _lock = await lockFolder(
    place,
    "Name another place with the environment variable XDG_CACHE_HOME",
  );
  const written = await readPictures(path);
  if (written) return written;
  const dataset = holdsIdxFiles(files)
    ? await fromIdxFiles(folder, files, form)
    : await fromPictures(folder, files, form, { onDecoded, signal });
  await writePictures(path, dataset);
  await deleteOutdated(place, beginning, name);
  return dataset;
}

async function fromPictures(
  folder: string,
  found: readonly FoundFile[],
  form: PictureFormat,
  { onDecoded, signal }: Pick<ImageFolderOptions, "onDecoded" | "signal">,
): Promise<ImageDataset> {
  const { files, classNames } = listPictures(found, folder);
  requireSizeLimit(files.length, form, folder);
  const paths = files.map(({ path }) => path);
  const pixels = await decodePictures(folder, paths, form, {
    onDecoded: (done) => onDecoded?.(done, paths.length),
    signal,
  });
  const labels = Uint8Array.from(files, ({ label }) => label);
  const all = { count: files.length, pixels, labels };
  return datasetOf(folder, form, classNames, divided(all, splitByName(paths, labels), form));
}

/** The classes are the labels that occur, in ascending order. */
async function fromIdxFiles(
  folder: string,
  files: readonly FoundFile[],
  form: PictureFormat,
): Promise<ImageDataset> {
  const { train, test } = await readIdxPairs(folder, files);
  const count = train.count + (test?.count ?? 0);
  requireEnough(count, folder);
  requireSizeLimit(count, form, folder);
  const values = [...new Set([...train.labels, ...test?.labels ?? []])].sort((a, b) => a - b);
  const asSplit = async (pictures: LabelledPictures): Promise<ImageSplit> => ({
    count: pictures.count,
    pixels: await resizeRawPictures(pictures.pixels, pictures, form),
    labels: pictures.labels.map((label) => values.indexOf(label)),
  });
  const all = await asSplit(train);
  const parts = test
    ? { train: all, test: await asSplit(test) }
    : divided(all, splitByName(Array.from(all.labels, (_, i) => String(i)), all.labels), form);
  return datasetOf(folder, form, values.map(String), parts);
}

function requireSizeLimit(count: number, form: PictureFormat, folder: string): void {
  const bytes = count * pictureLength(form);
  if (bytes <= MOST_BYTES) return;
  throw new UserError(
    `Cannot use ${folder}: its ${count} images take ${bytes} bytes at image_size ` +
      `${form.imageSize}, the most is ${MOST_BYTES}; lower image_size, or take fewer`,
  );
}

function divided(all: ImageSplit, { train, test }: Split, form: PictureFormat) {
  const size = pictureLength(form);
  return { train: selectExamples(all, size, train), test: selectExamples(all, size, test) };
}

function datasetOf(
  folder: string,
  { imageSize: size, colour }: PictureFormat,
  classNames: readonly string[],
  { train, test }: Pick<ImageDataset, "train" | "test">,
): ImageDataset {
  const channels = colour === "grey" ? 1 : 3;
  return {
    name: folder,
    title: basename(folder),
    hash: hashAsIdx({ train, test }, [size, size, channels]),
    height: size,
    width: size,
    channels,
    classes: classNames.length,
    classNames,
    train,
    test,
  };
}

function digest(value: unknown): string {
  return sha256(JSON.stringify(value)).slice(0, 16);
}
