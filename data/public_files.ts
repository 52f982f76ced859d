/**
 * Data sets that are public files of known content: from a directory, or downloaded once and cached.
 * Either way the content is verified.
 */
import { basename, join } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import { download, type DownloadOptions, type DownloadProgress } from "./download.ts";
import {
  cacheDirectory,
  decompress,
  type ExpectedContent,
  lockFolder,
  readRegularFile,
  verify,
} from "./files.ts";

/** What is known about a public dataset before any of it is there. */
export interface PublicDataset {
  /** For people: "MNIST". */
  readonly title: string;
  /** Of the directory and of the cache, the folder that holds its files. */
  readonly folder: string;
  readonly files: readonly PublicFile[];
  /** Public copies: addresses of folders with the files. */
  readonly mirrors: readonly string[];
  /** What the mirrors append to the names of the files. */
  readonly suffix: "" | ".gz";
  /** What to do without these files: appended to errors, a sentence without its period. */
  readonly waysOut: string;
  /** Throws if it can say better than a checksum what is wrong with a file. */
  readonly diagnose?: (content: Uint8Array, path: string) => void;
}

/** A file by its name uncompressed, and what must be in it. */
export type PublicFile = { readonly name: string } & ExpectedContent;

/** What compression may add to data that cannot be compressed. */
const SLACK = 2 ** 20;

/** Where the files of public data sets are taken from. */
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

export interface LoadOptions {
  /** A directory laid out as `mnist/*.gz`, `fashion-mnist/*.gz` and `shakespeare/input.txt`, used
   * instead of downloads. By default the one that the environment variable TEXTDIFFUSION_DATA names,
   * if it does and neither `cache` nor `mirrors` ask for a download. */
  readonly directory?: string | undefined;
  /** Where downloads are kept. By default the operating system's cache directory. */
  readonly cache?: string | undefined;
  /** Addresses with the files under their usual names, tried in turn. */
  readonly mirrors?: readonly string[] | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where these options have the files of public data sets taken from. */
export function sourceOf(options: LoadOptions): DataSource {
  const download = options.cache !== undefined || options.mirrors !== undefined;
  const byDefault = download ? undefined : Deno.env.get("TEXTDIFFUSION_DATA");
  const directory = options.directory ?? byDefault;
  if (directory) return { directory };
  const { cache = cacheDirectory(), mirrors, onProgress, signal } = options;
  return { cache, mirrors, download: { onProgress, signal } };
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
export async function readPublicFile(
  dataset: PublicDataset,
  file: PublicFile,
  source: DataSource,
): Promise<Uint8Array> {
  if ("directory" in source) return await fromDirectory(dataset, file, source.directory);
  const folder = join(source.cache, dataset.folder);
  const destination = cachedPath(dataset, file, source);
  const cached = await readVerified(destination, file);
  if (cached) return cached;
  using _lock = await lockFolder(folder, dataset.waysOut);
  const written = await readVerified(destination, file);
  if (written) return written;
  const urls = urlsOf(dataset, file, source);
  try {
    return await download(
      { name: basename(destination), urls, expected: file, destination },
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
export async function filesNotAtHand(
  dataset: PublicDataset,
  source: DataSource,
): Promise<PublicFile[]> {
  const missing: PublicFile[] = [];
  for (const file of dataset.files) {
    if ("directory" in source) await findFile(dataset, file, source.directory);
    else if (!await statIfThere(cachedPath(dataset, file, source))) missing.push(file);
  }
  return missing;
}

/** The addresses of a file, in the order in which they are tried. */
export function urlsOf(
  dataset: PublicDataset,
  file: PublicFile,
  { mirrors = dataset.mirrors }: Downloads,
): string[] {
  return mirrors.map((mirror) => `${mirror.replace(/\/$/, "")}/${file.name}${dataset.suffix}`);
}

function cachedPath(
  { folder, suffix }: PublicDataset,
  file: PublicFile,
  { cache }: Downloads,
): string {
  return join(cache, folder, `${file.name}${suffix}`);
}

async function fromDirectory(
  dataset: PublicDataset,
  file: PublicFile,
  directory: string,
): Promise<Uint8Array> {
  const path = await findFile(dataset, file, directory);
  const found = await readGiven(path, mostBytes(file));
  const result = await verify(found, file);
  if ("content" in result) return result.content;
  const content = await decompress(found, file.bytes + 1).catch(() => undefined);
  if (content) dataset.diagnose?.(content, path);
  throw new UserError(`Cannot use ${path} as ${dataset.title}'s ${file.name}: ${result.wrong}`);
}

/** The path of a file in a directory: gzipped, or as it is. */
async function findFile(
  dataset: PublicDataset,
  file: PublicFile,
  directory: string,
): Promise<string> {
  const folder = join(directory, dataset.folder);
  for (const path of [join(folder, `${file.name}.gz`), join(folder, file.name)]) {
    if (await statIfThere(path)) return path;
  }
  const missing = "gzipMd5" in file
    ? `no ${file.name}.gz`
    : `neither ${file.name}.gz nor ${file.name}`;
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
