/** Opening data sets by what configurations call them: a name of the registry, or a path. */
import { resolve } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import { probe } from "./download.ts";
import { cacheDirectory } from "./files.ts";
import { loadImageFolder, requireImageFolder } from "./image_folder.ts";
import type { ImageDataset } from "./images.ts";
import { filesNotAtHand, type LoadOptions, sourceOf, urlsOf } from "./public_files.ts";
import { type DatasetEntry, imageDatasets, isDownloaded, textDatasets } from "./registry.ts";
import { readTextFile, requireTextFile, splitText, type TextDataset } from "./texts.ts";

export interface LoadImageOptions extends LoadOptions {
  /** Of a folder's pictures: height and width, by default 28. */
  readonly imageSize?: number | undefined;
  /** Of a folder's pictures, by default grey. */
  readonly colour?: "grey" | "rgb" | undefined;
  /** Called as a folder's pictures are decoded. */
  readonly onDecoded?: ((done: number, total: number) => void) | undefined;
}

export interface LoadTextOptions extends LoadOptions {
  /** The longest window, in tokens, that both parts of the text must hold. By default 1. */
  readonly context?: number | undefined;
  /** Tokens of a byte-pair vocabulary for networks; by default 0, characters alone. */
  readonly vocabularySize?: number | undefined;
}

/** How data sets of one modality are called. */
interface Collection<Content> {
  readonly entries: readonly DatasetEntry<Content>[];
  /** A name that matches is the path of data of one's own. */
  readonly path: RegExp;
  /** What is at such a path. */
  readonly own: string;
  /** Throws if something else is there. */
  requireOwn(found: Deno.FileInfo, dataset: string, path: string): void;
}

/** By modality, the data sets that have a name and what others are. */
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

/** The names of the data sets of a modality. */
export function datasetNames(modality: Modality): readonly string[] {
  return COLLECTIONS[modality].entries.map(({ name }) => name);
}

/** The data sets of images that have a name. */
export const imageDatasetNames: readonly string[] = datasetNames("image");
/** The texts that have a name. */
export const textDatasetNames: readonly string[] = datasetNames("text");

/** The data sets of a modality in words, for the description of a field. */
export function describeDatasets(modality: Modality): string {
  const { entries, own } = COLLECTIONS[modality];
  const named = (downloaded: boolean) =>
    entries.filter((entry) => isDownloaded(entry) === downloaded).map(({ name }) => name)
      .join(", ");
  return `${named(true)} (downloaded once), ${named(false)} (without a network), or the path, ` +
    `with a slash in it, of ${own}`;
}

/** The data set whose classifier judges the pictures of another: of a part, the whole. */
export function judgingDataset(dataset: string): string {
  return imageDatasets.find(({ name }) => name === dataset)?.partOf ?? dataset;
}

/** Whether a data set's name is the path of data of one's own, rather than one of the registry. */
export function isPath(dataset: string, modality: Modality): boolean {
  return COLLECTIONS[modality].path.test(dataset);
}

/**
 * The absolute path of data of one's own, so that it means the same to other processes; names of the
 * registry stay.
 *
 * @throws {UserError} If there is nothing at the path, or something else than the modality's data. A
 * pipe and a device are never opened.
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
 * Loads a data set of pictures, downloading it first where that is needed.
 *
 * @param name A name of the registry, or the path of a folder: with a slash in it, `./pictures`.
 * @throws {UserError} If it cannot be had, with what to do about it.
 */
export async function loadImageDataset(
  name: string,
  { imageSize, colour, onDecoded, ...options }: LoadImageOptions = {},
): Promise<ImageDataset> {
  if (!isPath(name, "image")) {
    return await entryNamed(name, COLLECTIONS.image).open(options);
  }
  const { cache = cacheDirectory(), signal } = options;
  return await loadImageFolder(name, { cache, imageSize, colour, onDecoded, signal });
}

/**
 * Loads a text, downloading it first where that is needed.
 *
 * @param name A name of the registry, or the path of a text file in UTF-8. A path has a slash or a
 * dot in it: `./poems`.
 * @throws {UserError} If it cannot be had, is no text, is too short or has too many characters for
 * the vocabulary, with what to do about it.
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

/** @throws {UserError} If the registry has no such name. */
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
 * Whether a data set of the registry can be opened without a download. What is there is not read.
 *
 * @param name A name of the registry.
 */
export async function isAtHand(name: string, options: LoadOptions = {}): Promise<boolean> {
  const entry = [...imageDatasets, ...textDatasets].find((entry) => entry.name === name);
  if (!entry?.files || entry.files.mirrors.length === 0) return entry !== undefined;
  try {
    return (await filesNotAtHand(entry.files, sourceOf(options))).length === 0;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

/** How long a mirror may take to answer. */
const PATIENCE_MILLISECONDS = 10_000;

/**
 * Checks that a data set is at hand or can be downloaded now: its files are in the directory or in the
 * cache, or a mirror answers for the first that is not. Nothing is downloaded, and the content of
 * files is verified only when they are loaded. Data sets that are not public are not looked at.
 *
 * @param name A data set's own name, or the path of data of one's own.
 * @throws {UserError} If it cannot be had, with every mirror's reason and what to do about it.
 */
export async function requireObtainable(name: string, options: LoadOptions = {}): Promise<void> {
  const files = [...imageDatasets, ...textDatasets].find((entry) => entry.name === name)?.files;
  if (!files || files.mirrors.length === 0) return;
  const source = sourceOf(options);
  const [missing] = await filesNotAtHand(files, source);
  if (missing === undefined || "directory" in source) return;
  const signal = AbortSignal.any([
    AbortSignal.timeout(PATIENCE_MILLISECONDS),
    ...(options.signal ? [options.signal] : []),
  ]);
  const reasons = await Promise.all(
    urlsOf(files, missing, source).map((url) => probe(url, signal)),
  );
  options.signal?.throwIfAborted();
  if (reasons.includes(undefined)) return;
  throw new UserError(
    `Cannot get ${files.title}: it is not on this machine, and no place that has it can be ` +
      `reached (${reasons.join("; ")}). ${files.waysOut}`,
  );
}
