import { UserError } from "../engine/host/mod.ts";
import { cacheDirectory } from "./cache_directory.ts";
import type { DownloadProgress } from "./download.ts";
import type { ImageDataset, ImageDatasetName } from "./images.ts";
import { madeUpDigits } from "./made_up_digits.ts";
import { MNIST_MIRRORS, mnistFromCache, mnistFromDirectory } from "./mnist.ts";

export interface LoadOptions {
  /** A directory laid out as `mnist/*.gz`, used instead of downloads. By default the one that the
   * environment variable TEXTDIFFUSION_DATA names, if it does and neither `cache` nor `mirrors` ask
   * for a download. */
  readonly directory?: string | undefined;
  /** Where downloads are kept. By default the operating system's cache directory. */
  readonly cache?: string | undefined;
  /** Addresses with the files under their usual names, tried in turn. */
  readonly mirrors?: readonly string[] | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Loads a dataset of pictures, downloading it first where that is needed.
 *
 * @throws {UserError} If it cannot be had, with what to do about it.
 */
export async function loadImageDataset(
  name: ImageDatasetName,
  options: LoadOptions = {},
): Promise<ImageDataset> {
  switch (name) {
    case "made-up-digits":
      return madeUpDigits();
    case "mnist": {
      const download = options.cache !== undefined || options.mirrors !== undefined;
      const byDefault = download ? undefined : Deno.env.get("TEXTDIFFUSION_DATA");
      const directory = options.directory ?? byDefault;
      if (directory) return await mnistFromDirectory(directory);
      const cache = options.cache ?? cacheDirectory();
      return await mnistFromCache(cache, options.mirrors ?? MNIST_MIRRORS, options);
    }
    default:
      name satisfies never;
      throw new UserError(`No dataset \`${name}\`: there are mnist and made-up-digits`);
  }
}
