/**
 * Public data files of known content, read from a directory or downloaded once and cached. Their content
 * is always verified.
 */
import { basename, join } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import type { DownloadOptions, DownloadProgress } from "./download.ts";
import {
  cacheDirectory,
  decompress,
  type ExpectedContent,
  lockFolder,
  readRegularFile,
  statOrUndefined,
  verify,
} from "./files.ts";

/** Description of a public data set. */
export interface PublicDataset {
  /** Title, such as "MNIST". */
  readonly title: string;
  /** Name of its folder in the directory and in the cache. */
  readonly folder: string;
  readonly files: readonly PublicFile[];
  /** Addresses of folders with public copies of the files. */
  readonly mirrors: readonly string[];
  /** Suffix of the file names on the mirrors. */
  readonly suffix: "" | ".gz";
  /** Advice appended to error messages: a sentence without its full stop. */
  readonly unavailableAdvice: string;
  /** Throws a more specific error than a wrong checksum, if it can. */
  readonly diagnose?: (content: Uint8Array, path: string) => void;
}

/** A file by its uncompressed name, and its expected content. */
type PublicFile = { readonly name: string } & ExpectedContent;

/** Largest overhead of compressing incompressible data, in bytes. */
const SLACK = 2 ** 20;

/** The source of the files of public data sets. */
type DataSource = {
  /** Parent directory of the folders of the data sets. */
  readonly directory: string;
} | Downloads;

/** A cache and the mirrors that it is filled from. */
export interface Downloads {
  readonly cache: string;
  /** Mirrors to use instead of those of the data set. */
  readonly mirrors?: readonly string[] | undefined;
  readonly download: DownloadOptions;
}

export interface LoadOptions {
  /** A directory laid out as `mnist/*.gz`, `fashion-mnist/*.gz` and `shakespeare/input.txt`, used
   * instead of downloads. By default the one that the environment variable TEXTDIFFUSION_DATA names,
   * if it does and neither `cache` nor `mirrors` ask for a download. */
  readonly directory?: string | undefined;
  /** Cache directory. By default that of the operating system. */
  readonly cache?: string | undefined;
  /** Addresses with the files under their usual names, tried in turn. */
  readonly mirrors?: readonly string[] | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Returns the source of public data files for these options. */
export function sourceOf(options: LoadOptions): DataSource {
  const download = options.cache !== undefined || options.mirrors !== undefined;
  const byDefault = download ? undefined : Deno.env.get("TEXTDIFFUSION_DATA");
  const directory = options.directory ?? byDefault;
  if (directory) return { directory };
  const { cache = cacheDirectory(), mirrors, onProgress, signal } = options;
  return { cache, mirrors, download: { onProgress, signal } };
}

/**
 * Reads a file of a data set.
 *
 * In a directory it may be gzipped (`.gz`) or not. In a cache it is downloaded if it is missing or damaged;
 * if several processes request it, one downloads and the others wait.
 *
 * @throws {UserError} If the file is missing or has other content, if the cache cannot be written, or if
 * no mirror delivers it.
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
  using _lock = await lockFolder(folder, dataset.unavailableAdvice);
  const written = await readVerified(destination, file);
  if (written) return written;
  const urls = urlsOf(dataset, file, source);
  const { download } = await import("./download.ts");
  try {
    return await download(
      { name: basename(destination), urls, expected: file, destination },
      source.download,
    );
  } catch (error) {
    if (error instanceof UserError) {
      throw new UserError(`${error.message}. ${dataset.unavailableAdvice}`);
    }
    throw error;
  }
}

/**
 * Returns the files of a data set that would have to be downloaded. Existing files are not read.
 *
 * @throws {UserError} If a directory is specified and a file is missing in it.
 */
export async function missingFiles(
  dataset: PublicDataset,
  source: DataSource,
): Promise<PublicFile[]> {
  const missing: PublicFile[] = [];
  for (const file of dataset.files) {
    if ("directory" in source) await findFile(dataset, file, source.directory);
    else {
      const path = cachedPath(dataset, file, source);
      if (!await reading(path, statOrUndefined(path))) missing.push(file);
    }
  }
  return missing;
}

/** Returns the addresses of a file, in the order in which they are tried. */
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
  const found = await reading(path, readRegularFile(path, mostBytes(file)));
  const result = await verify(found, file);
  if ("content" in result) return result.content;
  const content = await decompress(found, file.bytes + 1).catch(() => undefined);
  if (content) dataset.diagnose?.(content, path);
  throw new UserError(`Cannot use ${path} as ${dataset.title}'s ${file.name}: ${result.wrong}`);
}

/** Returns the path of a file in a directory, gzipped or not. */
async function findFile(
  dataset: PublicDataset,
  file: PublicFile,
  directory: string,
): Promise<string> {
  const folder = join(directory, dataset.folder);
  for (const path of [join(folder, `${file.name}.gz`), join(folder, file.name)]) {
    if (await reading(path, statOrUndefined(path))) return path;
  }
  const missing = "gzipMd5" in file
    ? `no ${file.name}.gz`
    : `neither ${file.name}.gz nor ${file.name}`;
  throw new UserError(
    `Cannot find ${dataset.title}: there is ${missing} in ${folder}. ${dataset.unavailableAdvice}`,
  );
}

/** A cache entry that is not a regular file counts as damaged and is replaced. */
async function readVerified(
  path: string,
  expected: ExpectedContent,
): Promise<Uint8Array | undefined> {
  const info = await reading(path, statOrUndefined(path));
  if (!info?.isFile || info.size > mostBytes(expected)) return undefined;
  const found = await reading(path, readRegularFile(path, mostBytes(expected)));
  const result = await verify(found, expected);
  return "content" in result ? result.content : undefined;
}

/** Returns the largest size of the expected file, compressed or not. */
function mostBytes({ bytes }: ExpectedContent): number {
  return bytes + SLACK;
}

/** Waits for a file to be read; an error of the system becomes a {@link UserError}. */
async function reading<Result>(path: string, read: Promise<Result>): Promise<Result> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`Cannot read ${path}: ${(error as Error).message}`);
  }
}
