/**
 * Loading data sets by name or path, as in configurations. What only some data sets need is imported when one of them
 * is opened: every server starts with this module.
 */
import { resolve } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import { cacheDirectory, kindOf } from "./files.ts";
import type { ImageDataset } from "./images.ts";
import { type LoadOptions, missingFiles, sourceOf, urlsOf } from "./public_files.ts";
import { type DatasetEntry, imageDatasets, isDownloaded, textDatasets } from "./registry.ts";
import { readTextFile, requireTextFile, splitText, type TextDataset } from "./texts.ts";

export interface LoadImageOptions extends LoadOptions {
  /** For a folder of images: height and width. By default 28. */
  readonly imageSize?: number | undefined;
  /** For a folder of images: the colour space. By default grey. */
  readonly colour?: "grey" | "rgb" | undefined;
  /** Called while the images of a folder are decoded. */
  readonly onDecoded?: ((done: number, total: number) => void) | undefined;
}

interface LoadTextOptions extends LoadOptions {
  /** Length of a window in tokens, which both parts of the text must contain. By default 1. */
  readonly context?: number | undefined;
  /** Size of the byte-pair vocabulary. By default 0: characters. */
  readonly vocabularySize?: number | undefined;
}

/** The data sets of one modality. */
interface Collection<Content> {
  readonly entries: readonly DatasetEntry<Content>[];
  /** Names that match are paths. */
  readonly path: RegExp;
  /** Description of the data at a path. */
  readonly own: string;
  /** Throws if the path leads to something else. */
  requireOwn(found: Deno.FileInfo, dataset: string, path: string): void;
}

/** @throws {UserError} If the path is not a folder. */
function requireImageFolder(found: Deno.FileInfo, dataset: string): void {
  if (found.isDirectory) return;
  throw new UserError(
    `dataset is ${dataset}, which is ${kindOf(found)}: name ${
      found.isFile ? "the folder that it lies in" : "a folder of pictures"
    }`,
  );
}

/** The data sets of each modality. */
const COLLECTIONS = {
  image: {
    entries: imageDatasets,
    path: /[/\\]/,
    own: "a folder of pictures",
    requireOwn: requireImageFolder,
  },
  text: {
    entries: textDatasets,
    path: /[./\\]/,
    own: "a text file",
    requireOwn: (found, _, path) => requireTextFile(path, found),
  },
} as const satisfies Readonly<Record<string, Collection<unknown>>>;

export type Modality = keyof typeof COLLECTIONS;

/** Returns the names of the data sets of a modality. */
function datasetNames(modality: Modality): readonly string[] {
  return COLLECTIONS[modality].entries.map(({ name }) => name);
}

/** Names of the image data sets. */
export const imageDatasetNames: readonly string[] = datasetNames("image");
/** Names of the text data sets. */
export const textDatasetNames: readonly string[] = datasetNames("text");

/** Describes the data sets of a modality, for the documentation of a field. */
export function describeDatasets(modality: Modality): string {
  const { entries, own } = COLLECTIONS[modality];
  const named = (downloaded: boolean) =>
    entries.filter((entry) => isDownloaded(entry) === downloaded).map(({ name }) => name)
      .join(", ");
  return `${named(true)} (downloaded once), ${named(false)} (without a network), or the path, ` +
    `with a slash in it, of ${own}`;
}

/** Returns the data set whose classifier evaluates the images of a data set: for a subset, the whole. */
export function classifierDataset(dataset: string): string {
  return imageDatasets.find(({ name }) => name === dataset)?.partOf ?? dataset;
}

/**
 * Returns the data set in this repository that is a part of a public one, and whose test images are test
 * images of the whole; undefined if there is none.
 */
export function bundledPartOf(dataset: string): string | undefined {
  return imageDatasets.find((entry) => entry.partOf === dataset && !isDownloaded(entry))?.name;
}

/** Whether the name of a data set is a path instead of a name in the registry. */
export function isPath(dataset: string, modality: Modality): boolean {
  return COLLECTIONS[modality].path.test(dataset);
}

/**
 * Resolves a path to an absolute path, so that it has the same meaning in other processes. Names in the
 * registry are returned unchanged.
 *
 * @throws {UserError} If the path does not exist or is not data of this modality. Pipes and devices are
 * never opened.
 */
export function resolveDataset(dataset: string, modality: Modality): string {
  if (!isPath(dataset, modality)) return dataset;
  const { own, requireOwn } = COLLECTIONS[modality];
  const path = resolve(dataset);
  let found: Deno.FileInfo;
  try {
    found = Deno.statSync(path);
  } catch (error) {
    throw new UserError(
      `dataset is ${dataset}, but ${path} cannot be read (${(error as Error).message}): ` +
        `name ${own} that is there`,
    );
  }
  requireOwn(found, dataset, path);
  return path;
}

/**
 * Loads an image data set, downloading it first if necessary.
 *
 * @param name A name in the registry, or the path of a folder, which contains a slash: `./pictures`.
 * @throws {UserError} If it is not available; the message says what to do.
 */
export async function loadImageDataset(
  name: string,
  { imageSize, colour, onDecoded, ...options }: LoadImageOptions = {},
): Promise<ImageDataset> {
  if (!isPath(name, "image")) {
    return await entryNamed(name, COLLECTIONS.image).open(options);
  }
  const { cache = cacheDirectory(), signal } = options;
  const { loadImageFolder } = await import("./image_folder.ts");
  return await loadImageFolder(name, { cache, imageSize, colour, onDecoded, signal });
}

/**
 * Loads a text data set, downloading it first if necessary.
 *
 * @param name A name in the registry, or the path of a UTF-8 text file, which contains a slash or a dot:
 * `./poems`.
 * @throws {UserError} If it is not available, is not a text, is too short, or has too many characters for
 * the vocabulary; the message says what to do.
 */
export async function loadTextDataset(
  name: string,
  { context = 1, vocabularySize = 0, ...options }: LoadTextOptions = {},
): Promise<TextDataset> {
  const text = isPath(name, "text")
    ? await readTextFile(name)
    : await entryNamed(name, COLLECTIONS.text).open(options);
  return await splitText(text, context, vocabularySize);
}

/** @throws {UserError} If the name is not in the registry. */
function entryNamed<Content>(
  name: string,
  { entries, own }: Collection<Content>,
): DatasetEntry<Content> {
  const entry = entries.find((entry) => entry.name === name);
  if (entry) return entry;
  throw new UserError(
    `No dataset \`${name}\`: there are ${entries.map(({ name }) => name).join(", ")}; ` +
      `${own} of your own is named with a slash, ./${name}`,
  );
}

/**
 * Whether a data set can be opened without a download. Its files are not read.
 *
 * @param name A name in the registry.
 */
export async function isAvailableLocally(
  name: string,
  options: LoadOptions = {},
): Promise<boolean> {
  const entry = [...imageDatasets, ...textDatasets].find((entry) => entry.name === name);
  if (!entry?.files || entry.files.mirrors.length === 0) return entry !== undefined;
  try {
    return (await missingFiles(entry.files, sourceOf(options))).length === 0;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

/** Time limit for the response of a mirror. */
const PATIENCE_MILLISECONDS = 10_000;

/**
 * Checks that a data set is available or can be downloaded: its files are in the directory or in the cache,
 * or a mirror responds for the first missing file. Nothing is downloaded, and content is verified only when
 * it is loaded. Data sets that are not public are not checked.
 *
 * @param name A name in the registry, or a path.
 * @throws {UserError} If it is not available; the message has the reason of every mirror and says what to do.
 */
export async function requireObtainable(name: string, options: LoadOptions = {}): Promise<void> {
  const files = [...imageDatasets, ...textDatasets].find((entry) => entry.name === name)?.files;
  if (!files || files.mirrors.length === 0) return;
  const source = sourceOf(options);
  const [missing] = await missingFiles(files, source);
  if (missing === undefined || "directory" in source) return;
  const signal = AbortSignal.any([
    AbortSignal.timeout(PATIENCE_MILLISECONDS),
    ...(options.signal ? [options.signal] : []),
  ]);
  const { probe } = await import("./download.ts");
  const reasons = await Promise.all(
    urlsOf(files, missing, source).map((url) => probe(url, signal)),
  );
  options.signal?.throwIfAborted();
  if (reasons.includes(undefined)) return;
  throw new UserError(
    `Cannot get ${files.title}: it is not on this machine, and no place that has it can be ` +
      `reached (${reasons.join("; ")}). ${files.unavailableAdvice}`,
  );
}
