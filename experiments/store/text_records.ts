/** What is kept of texts that a run wrote, and of how they and its likelihood were measured. */
import type { TextComparison, TextStatistics } from "../../models/text/mod.ts";
import type { LikelihoodBound } from "../../models/text/network/mod.ts";
import type { WriteSettings } from "../requests/text.ts";

/** Texts that a run wrote. */
export interface TextSample {
  /** For example `text-0003-sample-001`. */
  readonly id: string;
  readonly runId: string;
  /** Training step of the weights. */
  readonly step: number;
  readonly settings: WriteSettings;
  /** With the prompt. */
  readonly texts: readonly string[];
  /** Of what was written, without prompt and template, beside real text and the samples of a 5-gram
   * model of the same lengths. */
  readonly statistics: TextComparison;
  /** What the network thought on the way, noisiest first in every block; empty unless asked for. */
  readonly frames: readonly TextSampleFrame[];
  /** Evaluations of the network for each text. */
  readonly networkEvaluations: number;
  readonly seconds: number;
  readonly device: string;
  readonly createdAt: string;
}

export interface TextSampleFrame {
  /** Negative log signal-to-noise ratio; null where characters are masked, not noised. */
  readonly gamma: number | null;
  /** Share of the characters to write that is masked on average, where they are. */
  readonly masked?: number;
  /** Where the block stands in the first text, in characters. */
  readonly start: number;
  /** The likeliest characters of the block in each text, an underscore where masked. */
  readonly texts: readonly string[];
  /** Probability of the token that each of these characters is of, or of the likeliest one behind a
   * mask. */
  readonly confidence: readonly (readonly number[])[];
}

/** The likelihood of held-out text, or its bound, with one size of blocks; nats per character. */
export interface MeasuredBound extends LikelihoodBound {
  /** Tokens written at once; 1 is left to right, where their likelihood is exact. */
  readonly blockSize: number;
  /** Steps of the walk through the noise levels whose bound it is; null for infinitely many. */
  readonly steps: number | null;
}

/** What needs no network: interpolated Witten–Bell n-gram models of the training text. */
export interface TextBaselines {
  /** The logarithm of the vocabulary's size. */
  readonly uniform: number;
  /** Nats per character of the held-out text under 1-grams, 2-grams, and so on. */
  readonly ngrams: readonly number[];
}

/** A value with the standard deviation over sets of the same size. */
export interface Spread {
  readonly mean: number;
  readonly sd: number;
}

/** Names of the numbers among the statistics. */
export type StatisticName = Exclude<
  keyof TextStatistics,
  "samples" | "characters" | "topCharacter" | "longestCopyText"
>;

/** Written texts beside held-out ones of the same number and length. */
export interface WrittenResults {
  readonly written: TextStatistics;
  /** The same of {@link sets} sets of held-out windows; null where the text is too short for one. */
  readonly real: Readonly<Record<StatisticName, Spread | null>> | null;
  readonly sets: number;
  /** The same of a 5-gram model's samples. */
  readonly ngrams: TextStatistics;
  /** Nats per character under the run's own reading from left to right; null where it has none. */
  readonly ownNats: {
    readonly written: number;
    /** Of the held-out sets; null as `real` is. */
    readonly real: Spread | null;
  } | null;
  /** The first of the texts, to look at. */
  readonly texts: readonly string[];
}

export interface TextEvaluationResults {
  /** By rising block size; for each the bound itself first, then those of finite walks. */
  readonly bounds: readonly MeasuredBound[];
  readonly baselines: TextBaselines;
  readonly texts: WrittenResults;
}
