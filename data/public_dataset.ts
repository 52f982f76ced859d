/**
 * Datasets that are public files of known content: from a directory, or downloaded once and cached.
 * Either way the content is verified.
 */
import { basename, join } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import { decompress, type ExpectedContent, verify } from "./content.ts";
import { download, type DownloadOptions } from "./download.ts";
import { readRegularFile } from "./regular_file.ts";

/** What is known about a public dataset before any of it is there. */
export interface PublicDataset<File extends string = string> {
  /** For people: "MNIST". */
  readonly title: string;
  /** Of the directory and of the cache, the folder that holds its files. */
  readonly folder: string;
  /** The files, by their names uncompressed. */
  readonly files: Readonly<Record<File, ExpectedContent>>;
  /** Public copies: addresses of folders with the files. */
  readonly mirrors: readonly string[];
  /** What the mirrors append to the names of the files. */
  readonly suffix: "" | ".gz";
  /** What to do without these files: appended to errors, a sentence without its period. */
  readonly waysOut: string;
  /** Throws if it can say better than a checksum what is wrong with a file. */
  readonly diagnose?: (content: Uint8Array, path: string) => void;
}

/** What compression may add to data that cannot be compressed. */
const SLACK = 2 ** 20;

/** Where the files of public datasets are taken from. */
export type DataSource = {
  /** The directory above the datasets' folders. */
  readonly directory: string;
} | Downloads;

/** A cache, and what fills it. */
export interface Downloads {
  readonly cache: string;
  /** Instead of the dataset's own. */
  readonly mirrors?: readonly string[] | undefined;
  readonly download: DownloadOptions;
}

/**
 * The content of one file of a dataset.
 *
 * In a directory it may be gzipped (`.gz`) or not. In a cache, it is downloaded if it is missing or
 * damaged; several processes may ask at once: one downloads, the others wait for it.
 *
 * @throws {UserError} If the file is missing or another one, if the cache cannot be written or no
 * mirror delivers.
 */
export async function readPublicFile<File extends string>(
  dataset: PublicDataset<File>,
  file: File,
  source: DataSource,
): Promise<Uint8Array> {
  if ("directory" in source) return await fromDirectory(dataset, file, source.directory);
  const folder = join(source.cache, dataset.folder);
  const destination = cachedPath(dataset, file, source);
  const expected = dataset.files[file];
  const cached = await readVerified(destination, expected);
  if (cached) return cached;
  using _lock = await lockFolder(folder, dataset.waysOut);
  const written = await readVerified(destination, expected);
  if (written) return written;
  const urls = urlsOf(dataset, file, source);
  try {
    return await download(
      { name: basename(destination), urls, expected, destination },
      source.download,
    );
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${error.message}. ${dataset.waysOut}`);
    throw error;
  }
}

/**
 * The files of a dataset that would have to be downloaded. What is there is not read.
 *
 * @throws {UserError} If a directory is named and lacks one.
 */
export async function filesNotAtHand<File extends string>(
  dataset: PublicDataset<File>,
  source: DataSource,
): Promise<File[]> {
  const missing: File[] = [];
  for (const file of Object.keys(dataset.files) as File[]) {
    if ("directory" in source) await findFile(dataset, file, source.directory);
    else if (!await statIfThere(cachedPath(dataset, file, source))) missing.push(file);
  }
  return missing;
}

/** The addresses of a file, in the order in which they are tried. */
export function urlsOf<File extends string>(
  dataset: PublicDataset<File>,
  file: File,
  { mirrors = dataset.mirrors }: Downloads,
): string[] {
  return mirrors.map((mirror) => `${mirror.replace(/\/$/, "")}/${file}${dataset.suffix}`);
}

function cachedPath<File extends string>(
  { folder, suffix }: PublicDataset<File>,
  file: File,
  { cache }: Downloads,
): string {
  return join(cache, folder, `${file}${suffix}`);
}

async function fromDirectory<File extends string>(
  dataset: PublicDataset<File>,
  file: File,
  directory: string,
): Promise<Uint8Array> {
  const expected = dataset.files[file];
  const path = await findFile(dataset, file, directory);
  const found = await readGiven(path, mostBytes(expected));
  const result = await verify(found, expected);
  if ("content" in result) return result.content;
  const content = await decompress(found, expected.bytes + 1).catch(() => undefined);
  if (content) dataset.diagnose?.(content, path);
  throw new UserError(`Cannot use ${path} as ${dataset.title}'s ${file}: ${result.wrong}`);
}

/** The path of a file in a directory: gzipped, or as it is. */
async function findFile<File extends string>(
  dataset: PublicDataset<File>,
  file: File,
  directory: string,
): Promise<string> {
  const folder = join(directory, dataset.folder);
  for (const path of [join(folder, `${file}.gz`), join(folder, file)]) {
    if (await statIfThere(path)) return path;
  }
  const missing = "gzipMd5" in dataset.files[file]
    ? `no ${file}.gz`
    : `neither ${file}.gz nor ${file}`;
  throw new UserError(
    `Cannot find ${dataset.title}: there is ${missing} in ${folder}. ${dataset.waysOut}`,
  );
}

/** Whatever is not the file in a cache counts as damaged, and is replaced. */
async function readVerified(
  path: string,
  expected: ExpectedContent,
): Promise<Uint8Array | undefined> {
  const info = await statIfThere(path);
  if (!info?.isFile || info.size > mostBytes(expected)) return undefined;
  const result = await verify(await readGiven(path, mostBytes(expected)), expected);
  return "content" in result ? result.content : undefined;
}

/** Compressed or not, a file that is what was expected has no more bytes. */
function mostBytes({ bytes }: ExpectedContent): number {
  return bytes + SLACK;
}

async function readGiven(path: string, most: number): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, most);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`Cannot read ${path}: ${(error as Error).message}`);
  }
}

async function statIfThere(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new UserError(`Cannot read ${path}: ${(error as Error).message}`);
  }
}

/**
 * Makes the folder if need be and locks it against other processes until disposed; the system lets
 * go of it if the process dies.
 *
 * @throws {UserError} If it cannot be written, with what to do about it.
 */
export async function lockFolder(folder: string, waysOut: string): Promise<Disposable> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    const file = await Deno.open(join(folder, ".lock"), { create: true, write: true });
    await file.lock(true);
    return file;
  } catch (error) {
    throw new UserError(
      `Cannot write the cache directory ${folder}: ${(error as Error).message}. ${waysOut}`,
    );
  }
}
