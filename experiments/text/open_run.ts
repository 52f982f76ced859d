/** A run on text with all that is needed to work with what it learnt. */
import { loadTextDataset, type TextDataset } from "../../data/mod.ts";
import type { Parameters } from "../../engine/mod.ts";
import type { TextNetwork } from "../../models/text/network/mod.ts";
import { type TextConfig, textConfigOf } from "../config.ts";
import { requireSameData } from "../own_data.ts";
import { newestWeights } from "../sampling/weights.ts";
import { openStore, type Store } from "../store/mod.ts";
import type { Run } from "../types.ts";
import { networkOf } from "./network.ts";

export interface OpenRun {
  readonly store: Store;
  readonly run: Run;
  readonly config: TextConfig;
  readonly dataset: TextDataset;
  readonly network: TextNetwork;
  /** Training step of the weights. */
  readonly step: number;
  readonly ema: Parameters;
}

/**
 * Opens a run's newest weights and its text.
 *
 * @throws {UserError} If there are none yet, or the text is another than it learnt from.
 */
export async function openTextRun(
  { workspace, runId, dataDirectory }: {
    readonly workspace: string;
    readonly runId: string;
    readonly dataDirectory?: string;
  },
): Promise<OpenRun> {
  const store = openStore(workspace);
  const run = store.runs.byId(runId)!;
  const config = textConfigOf(run);
  const dataset = await loadTextDataset(config.dataset, {
    context: config.context,
    vocabularySize: config.vocabulary_size,
    ...(dataDirectory === undefined ? {} : { directory: dataDirectory }),
  });
  requireSameData(run, dataset);
  const network = networkOf(config, dataset.tokenized.vocabulary.size);
  return { store, run, config, dataset, network, ...newestWeights(store, run, network) };
}
