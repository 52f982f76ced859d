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

interface BlockMetric {
  readonly name: string;
  /** Undefined for whole windows, which have no size of their own. */
  readonly blockSize?: number;
  readonly title: string;
}

/** The metrics of nats per character for each of {@link BLOCK_SIZES}, then for whole windows. */
export const blockMetrics: readonly BlockMetric[] = [
  ...BLOCK_SIZES.map((blockSize) => ({
    name: `nats_block_${blockSize}`,
    blockSize,
    title: `blocks of ${blockSize}`,
  })),
  { name: "nats_block_full", title: "whole windows" },
];

/** Declares a metric of quarters of the noise levels, the least noise first: `<name>_q0` to `<name>_q3`. */
function quarterMetrics(name: string, title: string): Record<string, Metric> {
  return Object.fromEntries([0, 1, 2, 3].map((quarter) => [
    `${name}_q${quarter}`,
    { title: `${title}, noise quarter ${quarter + 1}`, dependsOn: "objective" },
  ]));
}

/** The metrics of text runs. */
export const textMetrics: Readonly<Record<string, Metric>> = {
  nats_per_character: { title: "nats per character" },
  nats_standard_error: { title: "standard error of the nats" },
  ...Object.fromEntries(
    blockMetrics.map(({ name, title }) => [name, { title: `nats per character, ${title}` }]),
  ),
  ...Object.fromEntries(
    blockMetrics.map(({ name, title }) => [`${name}_error`, { title: `standard error, ${title}` }]),
  ),
  reconstruction_nats: { title: "reconstruction, nats per character", dependsOn: "objective" },
  diffusion_nats: { title: "diffusion, nats per character", dependsOn: "objective" },
  prior_nats: { title: "prior, nats per character", dependsOn: "objective" },
  train_nats: { title: "nats per character on training text", compared: true },
  ...quarterMetrics("cross_entropy", "cross-entropy"),
  ...quarterMetrics("prior_cross_entropy", "cross-entropy of single positions"),
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
