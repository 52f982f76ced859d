/** Data of the caller's own: a file or a folder named by its path. */
import { resolve } from "node:path";
import { isPath } from "../data/mod.ts";
import { UserError } from "../engine/host/mod.ts";
import type { RunConfig } from "./config.ts";

/**
 * The configuration with its data's path made absolute, so that it means the same to the process that
 * trains. Names of datasets stay.
 *
 * @throws {UserError} If there is nothing at the path.
 */
export function withFoundData<Config extends RunConfig>(config: Config): Config {
  const { dataset, modality } = config;
  if (!isPath(dataset, modality)) return config;
  const path = resolve(dataset);
  let found: Deno.FileInfo;
  try {
    found = Deno.statSync(path);
  } catch (error) {
    throw new UserError(
      `dataset is ${dataset}, but ${path} cannot be read (${(error as Error).message}): name ${
        modality === "image" ? "a folder of pictures" : "a text file"
      } that is there`,
    );
  }
  if (modality === "image" && !found.isDirectory) {
    throw new UserError(`dataset is ${dataset}, which is a file: name the folder that it lies in`);
  }
  return { ...config, dataset: path };
}
