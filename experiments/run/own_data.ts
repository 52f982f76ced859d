/** Whether the data that a run began with is still there. */
import { resolveDataset } from "../../data/mod.ts";
import { UserError } from "../../engine/host/mod.ts";
import type { RunConfig } from "../config/mod.ts";
import type { Run } from "../store/run.ts";

/**
 * The configuration with the path of data of one's own made absolute.
 *
 * @throws {UserError} If there is nothing at the path, or something else than the modality's data.
 */
export function withFoundData<Config extends RunConfig>(config: Config): Config {
  return { ...config, dataset: resolveDataset(config.dataset, config.modality) };
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
