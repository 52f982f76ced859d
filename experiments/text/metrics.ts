/** The metrics of text runs, those of single block sizes among them, and their n-gram baselines. */
import type { Run } from "../store/run.ts";
import type { TextConfig } from "./config.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EncodedText, TextDataset } from "../../data/mod.ts";
import { fitNgrams } from "../../models/text/mod.ts";
import { writeFileAtomically } from "../common/files.ts";
import type { NgramBaselines } from "../run/modality.ts";

/** Block sizes, in tokens, with a metric of their likelihood, in addition to whole windows. */
export const BLOCK_SIZES = [1, 4, 16, 64] as const;
export type BlockMetric = `nats_block_${typeof BLOCK_SIZES[number] | "full"}`;
/** Metrics of nats per character for each of {@link BLOCK_SIZES}, then for whole windows. */
export const BLOCK_METRICS: readonly BlockMetric[] = [...BLOCK_SIZES, "full" as const]
  .map((size) => `nats_block_${size}` as const);

/** The metrics of text runs with their titles. */
export const textMetrics = {
  nats_per_character: "nats per character",
  nats_standard_error: "standard error of the nats",
  nats_block_1: "nats per character, blocks of 1",
  nats_block_4: "nats per character, blocks of 4",
  nats_block_16: "nats per character, blocks of 16",
  nats_block_64: "nats per character, blocks of 64",
  nats_block_full: "nats per character, whole windows",
  nats_block_1_error: "standard error, blocks of 1",
  nats_block_4_error: "standard error, blocks of 4",
  nats_block_16_error: "standard error, blocks of 16",
  nats_block_64_error: "standard error, blocks of 64",
  nats_block_full_error: "standard error, whole windows",
  reconstruction_nats: "reconstruction, nats per character",
  diffusion_nats: "diffusion, nats per character",
  prior_nats: "prior, nats per character",
  train_nats: "nats per character on training text",
  cross_entropy_q0: "cross-entropy, noise quarter 1",
  cross_entropy_q1: "cross-entropy, noise quarter 2",
  cross_entropy_q2: "cross-entropy, noise quarter 3",
  cross_entropy_q3: "cross-entropy, noise quarter 4",
  prior_cross_entropy_q0: "cross-entropy of single positions, noise quarter 1",
  prior_cross_entropy_q1: "cross-entropy of single positions, noise quarter 2",
  prior_cross_entropy_q2: "cross-entropy of single positions, noise quarter 3",
  prior_cross_entropy_q3: "cross-entropy of single positions, noise quarter 4",
  embedding_norm: "length of the embeddings",
  embedding_rank: "effective rank of the embeddings",
  embedding_accuracy: "embeddings found again at the least noise",
  shuffled_gap: "nats per character that shuffled text needs more",
  rounding_nats: "rounding loss as training sees it",
  informative_share: "share of the noise levels that tell something",
  gamma_quarter: "-log SNR below which a quarter of training's levels lie",
  gamma_half: "-log SNR below which half of training's levels lie",
  gamma_three_quarters: "-log SNR below which three quarters of training's levels lie",
} as const;

export interface BlockNats {
  /** Number of tokens in a block; 1 is autoregressive. */
  readonly blockSize: number;
  /** Held-out nats per character: exact at 1, a bound above. */
  readonly nats: number;
  /** Standard error over the draws of validation; null for old runs. */
  readonly standardError: number | null;
}

/** Returns nats per character by block size from the newest validation; empty for runs without such metrics. */
export function blockCurve({ config, latest }: Pick<Run, "config" | "latest">): BlockNats[] {
  return BLOCK_METRICS.flatMap((name, i) => {
    const blockSize = BLOCK_SIZES[i] ?? ((config as Partial<TextConfig>).context ?? 0);
    const nats = latest[name] ?? null;
    return nats === null
      ? []
      : [{ blockSize, nats, standardError: latest[`${name}_error`] ?? null }];
  });
}

/** Largest order of the n-gram models. */
const MOST_ORDER = 6;

/** Returns the cross-entropy of the held-out text under n-gram models of the training text, for every order. */
export function textBaselines({ train, validation, vocabulary }: EncodedText): NgramBaselines {
  const model = fitNgrams(train, { order: MOST_ORDER, vocabularySize: vocabulary.size });
  return {
    uniform: Math.log(vocabulary.size),
    ngrams: Array.from(model.crossEntropies(validation)),
  };
}

/** Returns the baselines of a text by characters, from the cache or computed. */
export function baselinesFor(
  workspace: string,
  dataset: EncodedText & Pick<TextDataset, "hash">,
): NgramBaselines {
  const known = keptBaselines(workspace, dataset.hash);
  if (known) return known;
  const baselines = textBaselines(dataset);
  writeFileAtomically(
    pathOf(workspace, dataset.hash),
    new TextEncoder().encode(JSON.stringify(baselines)),
  );
  return baselines;
}

/** Returns the cached baselines, or null. */
export function keptBaselines(workspace: string, datasetHash: string): NgramBaselines | null {
  try {
    return JSON.parse(readFileSync(pathOf(workspace, datasetHash), "utf8")) as NgramBaselines;
  } catch {
    // The file can be computed again, whatever is wrong with it.
    return null;
  }
}

function pathOf(workspace: string, datasetHash: string): string {
  return join(workspace, "baselines", `${datasetHash}-${MOST_ORDER}-grams.json`);
}
