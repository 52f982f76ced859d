/**
 * From picture files to pixels of one size, and the cache of what was decoded.
 *
 * Decoded pictures on disk. A file is whole or not there: it is written beside its place, flushed and
 * renamed, and ends in a checksum of all that precedes, so that damage is noticed.
 *
 *     1 line     JSON: the format, and what a dataset says about itself
 *     the rest   training pixels, training labels, test pixels, test labels
 *     32 bytes   SHA-256 of everything before
 */
import { join } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import { sha256, writeAll } from "./files.ts";
import type { ImageDataset } from "./images.ts";

/** The size and colour that all pictures of a data set are converted to. */
export interface PictureFormat {
  /** Height and width in pixels. */
  readonly imageSize: number;
  readonly colour: "grey" | "rgb";
}

/** Files that cannot be read are looked for until so many are found, and named together. */
const MOST_DAMAGED = 10;
/** Pictures that are decoded at once; libvips works on threads of its own. */
const AT_ONCE = 8;

/** A file that cannot be read as a picture. */
interface Damaged {
  /** Below the folder. */
  readonly path: string;
  readonly reason: string;
}

/** Values in one picture of this form. */
export function pictureLength({ imageSize, colour }: PictureFormat): number {
  return imageSize * imageSize * (colour === "grey" ? 1 : 3);
}

/**
 * Pixels of picture files, one after the other: [paths.length, imageSize, imageSize, channels], 0 to
 * 255 in sRGB.
 *
 * A picture is turned as its EXIF data says, laid on white where it is transparent, scaled to cover
 * the square and cut at its centre; of an animation it is the first frame.
 *
 * @param onDecoded Called after every picture with how many are done.
 * @throws {UserError} Naming the files that are no pictures or are damaged, ten at most. What a
 * decoder only warns of is no damage.
 */
export async function decodePictures(
  folder: string,
  paths: readonly string[],
  form: PictureFormat,
  options: {
    readonly onDecoded?: ((done: number) => void) | undefined;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const length = pictureLength(form);
  const pixels = new Uint8Array(paths.length * length);
  const damaged: Damaged[] = [];
  let next = 0, done = 0;
  async function decodeInTurn(): Promise<void> {
    while (next < paths.length) {
      const index = next++;
      options.signal?.throwIfAborted();
      const path = join(folder, paths[index]!);
      try {
        const file = sharp(path, { failOn: "error" });
        const picture = file.autoOrient().flatten({ background: "white" });
        pixels.set(await formed(picture, form), index * length);
      } catch (error) {
        damaged.push({ path: paths[index]!, reason: firstLine(error) });
        if (damaged.length === MOST_DAMAGED) next = paths.length;
        continue;
      }
      options.onDecoded?.(++done);
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, paths.length) }, decodeInTurn));
  if (damaged.length > 0) throw damagedError(folder, damaged);
  return pixels;
}

function damagedError(folder: string, damaged: readonly Damaged[]): UserError {
  const [{ path, reason }] = damaged as [Damaged];
  if (damaged.length === 1) {
    return new UserError(
      `Cannot read ${
        join(folder, path)
      } as an image: ${reason}; mend it, or take it out of the folder`,
    );
  }
  const listed = damaged.map(({ path, reason }) => `${path} (${reason})`).sort().join(", ");
  const more = damaged.length >= MOST_DAMAGED ? ", and perhaps more" : "";
  return new UserError(
    `Cannot read ${damaged.length} files in ${folder} as images: ${listed}${more}; mend them, or ` +
      "take them out of the folder",
  );
}

/**
 * The same for raw grey pictures of another size.
 *
 * @param pixels [count, height, width].
 */
export async function resizeRawPictures(
  pixels: Uint8Array,
  { count, height, width }: { count: number; height: number; width: number },
  form: PictureFormat,
): Promise<Uint8Array> {
  const { imageSize, colour } = form;
  if (colour === "grey" && height === imageSize && width === imageSize) return pixels;
  const { default: sharp } = await import("sharp");
  const length = pictureLength(form);
  const resizedPixels = new Uint8Array(count * length);
  for (let i = 0; i < count; i++) {
    const one = pixels.subarray(i * height * width, (i + 1) * height * width);
    const picture = sharp(one, { raw: { height, width, channels: 1 } });
    resizedPixels.set(await formed(picture, form), i * length);
  }
  return resizedPixels;
}

type Picture = import("sharp").Sharp;

async function formed(picture: Picture, { imageSize, colour }: PictureFormat): Promise<Uint8Array> {
  const resized = picture.resize(imageSize, imageSize, { fit: "cover", position: "centre" });
  const typed = colour === "grey"
    ? resized.greyscale().toColourspace("b-w")
    : resized.toColourspace("srgb");
  const { data, info } = await typed.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  const channels = colour === "grey" ? 1 : 3;
  if (info.channels !== channels) {
    throw new Error(`it has ${info.channels} channels where ${channels} are wanted`);
  }
  return data;
}

function firstLine(error: unknown): string {
  return (error as Error).message.split("\n")[0]!.trim();
}

const FORMAT = "textdiffusion-pictures-1";
const CHECKSUM_BYTES = 32;

interface Header extends Omit<ImageDataset, "train" | "test"> {
  readonly format: string;
  readonly trainCount: number;
  readonly testCount: number;
}

/** The dataset's bytes, in parts. */
function packPictures(dataset: ImageDataset): Uint8Array[] {
  const { train, test, ...facts } = dataset;
  const header: Header = {
    format: FORMAT,
    ...facts,
    trainCount: train.count,
    testCount: test.count,
  };
  const parts = [
    new TextEncoder().encode(`${JSON.stringify(header)}\n`),
    train.pixels,
    train.labels,
    test.pixels,
    test.labels,
  ];
  return [...parts, Uint8Array.fromHex(sha256(...parts))];
}

/** The dataset, or nothing if the bytes are cut, damaged or of another format. */
function unpackPictures(bytes: Uint8Array): ImageDataset | undefined {
  const content = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_BYTES));
  if (sha256(content) !== bytes.subarray(content.length).toHex()) return undefined;
  const lineEnd = content.indexOf(10);
  const header = JSON.parse(new TextDecoder().decode(content.subarray(0, lineEnd))) as Header;
  const { format, trainCount, testCount, ...facts } = header;
  if (format !== FORMAT) return undefined;
  let offset = lineEnd + 1;
  const take = (length: number) => content.subarray(offset, offset += length);
  const split = (count: number) => ({
    count,
    pixels: take(count * facts.height * facts.width * facts.channels),
    labels: take(count),
  });
  return { ...facts, train: split(trainCount), test: split(testCount) };
}

/** The dataset kept under a path, or nothing where there is none or it is damaged. */
export async function readPictures(path: string): Promise<ImageDataset | undefined> {
  try {
    return unpackPictures(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new UserError(`Cannot read the cached images ${path}: ${(error as Error).message}`);
  }
}

/**
 * Keeps a dataset under a path. No one else writes there meanwhile.
 *
 * @throws {UserError} If the disk is full or cannot be written; nothing is left behind.
 */
export async function writePictures(path: string, dataset: ImageDataset): Promise<void> {
  const part = `${path}.part`;
  const parts = packPictures(dataset);
  try {
    await writeAtomically(part, parts);
    await Deno.rename(part, path);
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    throw new UserError(
      `Cannot keep the decoded images of ${dataset.name} in the cache ${path}: ` +
        `${(error as Error).message}; free ${Math.ceil(bytes / 1e6)} MB there, or name another ` +
        "place with the environment variable XDG_CACHE_HOME",
    );
  }
}

async function writeAtomically(path: string, parts: readonly Uint8Array[]): Promise<void> {
  using file = await Deno.open(path, { create: true, write: true, truncate: true });
  for (const part of parts) await writeAll(file, part);
  await file.sync();
}

/** Deletes what an earlier state of the same folder left: files of this beginning but one. */
export async function deleteOutdated(
  cache: string,
  beginning: string,
  kept: string,
): Promise<void> {
  for await (const { name } of Deno.readDir(cache)) {
    if (name.startsWith(beginning) && name !== kept) {
      await Deno.remove(join(cache, name)).catch(() => {});
    }
  }
}
