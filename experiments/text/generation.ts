/** A trained text run: its network, weights and text, and what generation costs. */
import {
  isAvailableLocally,
  isPath,
  loadTextDataset,
  type TextDataset,
  vocabularyOnly,
} from "../../data/mod.ts";
import type { Parameters, Workload } from "../../engine/mod.ts";
import type { TextNetwork } from "../../models/text/network/mod.ts";
import type { Store } from "../store/store.ts";
import { networkOf } from "./network.ts";
import type { Run } from "../store/run.ts";
import type { WriteSettings } from "./requests.ts";
import {
  newestCheckpointKey,
  newestWeights,
  publishedVocabulary,
  requireSameData,
} from "../run/checkpoints.ts";
import type { JobContext } from "../run/job_worker.ts";
import { type TextConfig, textConfigOf } from "./config.ts";
import { compileReader, compileWriter } from "./model.ts";

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
 * Loads the newest weights of a run and its text.
 *
 * @param options.needsText Whether the text itself is needed. Where it is not, a pretrained run whose text
 * is not at hand has its characters alone, and nothing is downloaded.
 * @throws {UserError} If there are none yet, or the text is another than it learnt from.
 */
export async function openTextRun(
  { store, run, warm, dataDirectory, report }: JobContext,
  { needsText = true }: { readonly needsText?: boolean } = {},
): Promise<OpenRun & { readonly key: string }> {
  const config = textConfigOf(run);
  const { dataset: name, context, vocabulary_size } = config;
  const load = () =>
    loadTextDataset(name, {
      context,
      vocabularySize: vocabulary_size,
      directory: dataDirectory,
      onProgress: ({ file }) => report(0, 1, `Downloading ${file}`),
    });
  const characters = needsText ? undefined : publishedVocabulary(store, run);
  const dataset =
    characters !== undefined && !await isAvailableLocally(name, { directory: dataDirectory })
      ? vocabularyOnly({ name, hash: run.datasetHash!, characters })
      : isPath(name, "text")
      // The file may have been written to since.
      ? await load()
      : await warm.get(`text ${name} ${context} ${vocabulary_size} ${dataDirectory}`, load);
  requireSameData(run, dataset);
  const key = newestCheckpointKey(store, run);
  const weights = await warm.get(`weights ${key}`, () => {
    const network = networkOf(config, dataset.tokenized.vocabulary.size);
    return { network, ...newestWeights(store, run, network) };
  });
  return { store, run, config, dataset, key, ...weights };
}

/** Returns the approximate number of network evaluations for a batch of texts. */
export function networkEvaluations(settings: WriteSettings): number {
  const { mode, length, block_size, steps, rounds } = settings;
  const blocks = Math.ceil(length / block_size) * (steps + 1);
  return {
    autoregressive: length,
    diffusion: steps + 1,
    infill: steps + 1,
    blocks,
    guided: blocks + length,
    revised: blocks + rounds * 4 * steps,
  }[mode];
}

/**
 * Returns the program that dominates the cost of generation, by which a device is chosen.
 *
 * @param count Number of texts in a batch.
 * @param batches Number of batches.
 */
export function writingWorkload(
  network: TextNetwork,
  ema: Parameters,
  settings: WriteSettings,
  { count, batches }: { readonly count: number; readonly batches: number },
): Workload {
  const { denoiser, filler, options: { context } } = network;
  const { mode, length, block_size: block, prompt, template } = settings;
  const inBlocks = mode === "blocks" || mode === "guided" || mode === "revised";
  const whole = template?.length ?? prompt.length + length;
  return {
    compile: (engine) =>
      mode === "autoregressive" || !(denoiser || filler)
        ? compileReader(engine, network, ema, count)
        : compileWriter(engine, network, ema, count, Math.min(context, inBlocks ? block : whole)),
    runs: batches * networkEvaluations(settings),
  };
}
