import { UserError } from "../engine/host/mod.ts";
import { cacheDirectory } from "./cache_directory.ts";
import type { DownloadProgress } from "./download.ts";
import { loadFashionMnist } from "./fashion_mnist.ts";
import { type ImageFolderOptions, loadImageFolder } from "./image_folder.ts";
import { type ImageDataset, type ImageDatasetName, imageDatasetNames } from "./images.ts";
import { loadKmnist } from "./kmnist.ts";
import { madeUpDigits } from "./made_up_digits.ts";
import { madeUpVerse } from "./made_up_verse.ts";
import { loadMnist } from "./mnist.ts";
import { loadMnist6k } from "./mnist_6k.ts";
import { isPath } from "./own.ts";
import type { DataSource } from "./public_dataset.ts";
import { loadTinyShakespeare } from "./shakespeare.ts";
import { readTextFile } from "./text_file.ts";
import { type RawText, splitText, type TextDataset, type TextDatasetName } from "./texts.ts";

export interface LoadOptions {
  /** A directory laid out as `mnist/*.gz`, `fashion-mnist/*.gz` and `shakespeare/input.txt`, used instead of downloads. By
   * default the one that the environment variable TEXTDIFFUSION_DATA names, if it does and neither
   * `cache` nor `mirrors` ask for a download. */
  readonly directory?: string | undefined;
  /** Where downloads are kept. By default the operating system's cache directory. */
  readonly cache?: string | undefined;
  /** Addresses with the files under their usual names, tried in turn. */
  readonly mirrors?: readonly string[] | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

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

/**
 * Loads a dataset of pictures, downloading it first where that is needed.
 *
 * @param name A dataset's own name, or the path of a folder: with a slash in it, `./pictures`.
 * @throws {UserError} If it cannot be had, with what to do about it.
 */
export async function loadImageDataset(
  name: ImageDatasetName | (string & Record<never, never>),
  options: LoadImageOptions = {},
): Promise<ImageDataset> {
  switch (name) {
    case "made-up-digits":
      return madeUpDigits();
    case "mnist":
      return await loadMnist(sourceOf(options));
    case "mnist-6k":
      return await loadMnist6k();
    case "fashion-mnist":
      return await loadFashionMnist(sourceOf(options));
    case "kmnist":
      return await loadKmnist(sourceOf(options));
    default:
      if (isPath(name, "image")) return await loadImageFolder(name, folderOptions(options));
      throw new UserError(
        `No dataset \`${name}\`: there are ${imageDatasetNames.join(", ")}; ` +
          `a folder of your own is named with a slash, ./${name}`,
      );
  }
}

/**
 * Loads a text, downloading it first where that is needed.
 *
 * @param source `tiny-shakespeare`, `made-up-verse`, or the path of a text file in UTF-8. A path has
 * a slash or a dot in it: `./poems`.
 * @throws {UserError} If it cannot be had, is no text, is too short or has too many characters for
 * the vocabulary, with what to do about it.
 */
export async function loadTextDataset(
  source: TextDatasetName | (string & Record<never, never>),
  { context = 1, vocabularySize = 0, ...options }: LoadTextOptions = {},
): Promise<TextDataset> {
  return await splitText(await readText(source, options), context, vocabularySize);
}

async function readText(source: string, options: LoadOptions): Promise<RawText> {
  switch (source) {
    case "made-up-verse":
      return madeUpVerse();
    case "tiny-shakespeare":
      return await loadTinyShakespeare(sourceOf(options));
    default:
      if (isPath(source, "text")) return await readTextFile(source);
      throw new UserError(
        `No text \`${source}\`: there are tiny-shakespeare and made-up-verse; ` +
          `a file of your own is named with a slash, ./${source}`,
      );
  }
}

function folderOptions(
  { cache = cacheDirectory(), imageSize, colour, onDecoded, signal }: LoadImageOptions,
): ImageFolderOptions {
  return {
    cache,
    onDecoded,
    ...(imageSize === undefined ? {} : { imageSize }),
    ...(colour === undefined ? {} : { colour }),
    ...(signal ? { signal } : {}),
  };
}

/** Where these options have public data sets taken from. */
export function sourceOf(options: LoadOptions): DataSource {
  const download = options.cache !== undefined || options.mirrors !== undefined;
  const byDefault = download ? undefined : Deno.env.get("TEXTDIFFUSION_DATA");
  const directory = options.directory ?? byDefault;
  if (directory) return { directory };
  const { cache = cacheDirectory(), mirrors, onProgress, signal } = options;
  return { cache, mirrors, download: { onProgress, signal } };
}
