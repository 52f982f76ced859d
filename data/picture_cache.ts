/**
 * Decoded pictures on disk. A file is whole or not there: it is written beside its place, flushed and
 * renamed, and ends in a checksum of all that precedes, so that damage is noticed.
 *
 *     1 line     JSON: the format, and what a dataset says about itself
 *     the rest   training pixels, training labels, test pixels, test labels
 *     32 bytes   SHA-256 of everything before
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import type { ImageDataset } from "./images.ts";

const FORMAT = "textdiffusion-pictures-1";
const CHECKSUM_BYTES = 32;

interface Header extends Omit<ImageDataset, "train" | "test"> {
  readonly format: string;
  readonly trainCount: number;
  readonly testCount: number;
}

/** The dataset's bytes, in parts. */
export function encodePictures(dataset: ImageDataset): Uint8Array[] {
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
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return [...parts, new Uint8Array(hash.digest())];
}

/** The dataset, or nothing if the bytes are cut, damaged or of another format. */
export function decodePictures(bytes: Uint8Array): ImageDataset | undefined {
  const content = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_BYTES));
  const checksum = createHash("sha256").update(content).digest("hex");
  if (checksum !== bytes.subarray(content.length).toHex()) return undefined;
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
    return decodePictures(await Deno.readFile(path));
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
  const parts = encodePictures(dataset);
  try {
    await writeWhole(part, parts);
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

async function writeWhole(path: string, parts: readonly Uint8Array[]): Promise<void> {
  using file = await Deno.open(path, { create: true, write: true, truncate: true });
  for (const part of parts) {
    for (let written = 0; written < part.length;) {
      written += await file.write(part.subarray(written));
    }
  }
  await file.sync();
}

/** Deletes what an earlier state of the same folder left: files of this beginning but one. */
export async function forgetOthers(cache: string, beginning: string, kept: string): Promise<void> {
  for await (const { name } of Deno.readDir(cache)) {
    if (name.startsWith(beginning) && name !== kept) {
      await Deno.remove(join(cache, name)).catch(() => {});
    }
  }
}
