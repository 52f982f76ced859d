/** The metrics of text runs, those of single block sizes among them, and their n-gram baselines. */
import type { Metric } from "../config/configuration.ts";
import type { Run } from "../store/run.ts";
import type { TextConfig } from "./config.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EncodedText, TextDataset } from "../../data/mod.ts";
import { fitNgrams } from "../../models/text/mod.ts";
import { writeFileAtomically } from "../common/system.ts";
import type { NgramBaselines } from "../run/modality.ts";

/** Block sizes, in tokens, with a metric of their likelihood, in addition to whole windows. */
export const BLOCK_SIZES = [1, 4, 16, 64] as const;
/** Metrics of nats per character for each of {@link BLOCK_SIZES}, then for whole windows, which have no size of their own. */
export const blockMetrics: readonly { readonly name: string; readonly blockSize?: number }[] = [
  ...BLOCK_SIZES.map((blockSize) => ({ name: `nats_block_${blockSize}`, blockSize })),
  { name: "nats_block_full" },
];

/** The metrics of text runs. */
export const textMetrics: Readonly<Record<string, Metric>> = {
  nats_per_character: { title: "nats per character" },
  nats_standard_error: { title: "standard error of the nats" },
  nats_block_1: { title: "nats per character, blocks of 1" },
  nats_block_4: { title: "nats per character, blocks of 4" },
  nats_block_16: { title: "nats per character, blocks of 16" },
  nats_block_64: { title: "nats per character, blocks of 64" },
  nats_block_full: { title: "nats per character, whole windows" },
  nats_block_1_error: { title: "standard error, blocks of 1" },
  nats_block_4_error: { title: "standard error, blocks of 4" },
  nats_block_16_error: { title: "standard error, blocks of 16" },
  nats_block_64_error: { title: "standard error, blocks of 64" },
  nats_block_full_error: { title: "standard error, whole windows" },
  reconstruction_nats: { title: "reconstruction, nats per character", dependsOn: "objective" },
  diffusion_nats: { title: "diffusion, nats per character", dependsOn: "objective" },
  prior_nats: { title: "prior, nats per character", dependsOn: "objective" },
  train_nats: { title: "nats per character on training text", compared: true },
  cross_entropy_q0: { title: "cross-entropy, noise quarter 1", dependsOn: "objective" },
  cross_entropy_q1: { title: "cross-entropy, noise quarter 2", dependsOn: "objective" },
  cross_entropy_q2: { title: "cross-entropy, noise quarter 3", dependsOn: "objective" },
  cross_entropy_q3: { title: "cross-entropy, noise quarter 4", dependsOn: "objective" },
  prior_cross_entropy_q0: {
    title: "cross-entropy of single positions, noise quarter 1",
    dependsOn: "objective",
  },
  prior_cross_entropy_q1: {
    title: "cross-entropy of single positions, noise quarter 2",
    dependsOn: "objective",
  },
  prior_cross_entropy_q2: {
    title: "cross-entropy of single positions, noise quarter 3",
    dependsOn: "objective",
  },
  prior_cross_entropy_q3: {
    title: "cross-entropy of single positions, noise quarter 4",
    dependsOn: "objective",
  },
  embedding_norm: { title: "length of the embeddings" },
  embedding_rank: { title: "effective rank of the embeddings" },
  embedding_accuracy: { title: "embeddings found again at the least noise" },
  shuffled_gap: { title: "nats per character that shuffled text needs more" },
  rounding_nats: { title: "rounding loss as training sees it", dependsOn: "objective" },
  informative_share: {
    title: "share of the noise levels that tell something",
    dependsOn: "objective",
  },
  gamma_quarter: {
    title: "-log SNR below which a quarter of training's levels lie",
    dependsOn: "objective",
  },
  gamma_half: {
    title: "-log SNR below which half of training's levels lie",
    dependsOn: "objective",
  },
  gamma_three_quarters: {
    title: "-log SNR below which three quarters of training's levels lie",
    dependsOn: "objective",
  },
};

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
  const { context = 0 } = config as Partial<TextConfig>;
  return blockMetrics.flatMap(({ name, blockSize = context }) => {
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
