/**
 * Datasets that are public files of known content: from a directory, or downloaded once and cached.
 * Either way the content is verified.
 */
import { join } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import { decompress, type ExpectedContent, verify } from "./content.ts";
import { download, type DownloadOptions } from "./download.ts";

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

/** Where the files of public datasets are taken from. */
export type DataSource = {
  /** The directory above the datasets' folders. */
  readonly directory: string;
} | {
  readonly cache: string;
  /** Instead of the dataset's own. */
  readonly mirrors?: readonly string[] | undefined;
  readonly download: DownloadOptions;
};

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
  const name = `${file}${dataset.suffix}`;
  const destination = join(folder, name);
  const expected = dataset.files[file];
  const cached = await readVerified(destination, expected);
  if (cached) return cached;
  using _lock = await lockFolder(folder, dataset.waysOut);
  const written = await readVerified(destination, expected);
  if (written) return written;
  const urls = (source.mirrors ?? dataset.mirrors).map((mirror) =>
    `${mirror.replace(/\/$/, "")}/${name}`
  );
  try {
    return await download({ name, urls, expected, destination }, source.download);
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${error.message}. ${dataset.waysOut}`);
    throw error;
  }
}

async function fromDirectory<File extends string>(
  dataset: PublicDataset<File>,
  file: File,
  directory: string,
): Promise<Uint8Array> {
  const folder = join(directory, dataset.folder);
  const packed = await readIfThere(join(folder, `${file}.gz`));
  const found = packed ?? await readIfThere(join(folder, file));
  const expected = dataset.files[file];
  if (!found) {
    const missing = "gzipMd5" in expected ? `no ${file}.gz` : `neither ${file}.gz nor ${file}`;
    throw new UserError(
      `Cannot find ${dataset.title}: there is ${missing} in ${folder}. ${dataset.waysOut}`,
    );
  }
  const result = await verify(found, expected);
  if ("content" in result) return result.content;
  const path = join(folder, packed ? `${file}.gz` : file);
  const content = await decompress(found, expected.bytes + 1).catch(() => undefined);
  if (content) dataset.diagnose?.(content, path);
  throw new UserError(`Cannot use ${path} as ${dataset.title}'s ${file}: ${result.wrong}`);
}

async function readVerified(
  path: string,
  expected: ExpectedContent,
): Promise<Uint8Array | undefined> {
  const bytes = await readIfThere(path);
  const result = bytes && await verify(bytes, expected);
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
