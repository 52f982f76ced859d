/** Data of the caller's own: a file or a folder named by its path. */
import { resolve } from "node:path";
import { isPath, kindOf, requireTextFile } from "../data/mod.ts";
import { UserError } from "../engine/host/mod.ts";
import type { RunConfig } from "./config.ts";
import type { Run } from "./types.ts";

/**
 * The configuration with its data's path made absolute, so that it means the same to the process that
 * trains. Names of datasets stay.
 *
 * @throws {UserError} If there is nothing at the path, or something else than a folder of pictures or
 * a text file: a pipe and a device are never opened.
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
    throw new UserError(
      `dataset is ${dataset}, which is ${kindOf(found)}: name ${
        found.isFile ? "the folder that it lies in" : "a folder of pictures"
      }`,
    );
  }
  if (modality === "text") requireTextFile(path, found);
  return { ...config, dataset: path };
}

/** @throws {UserError} If the data is not that which the run began with. */
export function requireSameData(
  run: Pick<Run, "id" | "datasetHash">,
  data: { readonly name: string; readonly hash: string },
): void {
  if (run.datasetHash === null || run.datasetHash === data.hash) return;
  throw new UserError(
    `${run.id} began on other data: ${data.name} hashes to ${data.hash.slice(0, 12)} now and ` +
      `to ${run.datasetHash.slice(0, 12)} then; put the old files back, or train a new run`,
  );
}
