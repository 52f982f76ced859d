/** Measuring the likelihood that a run on text gives to held-out text, and the texts it writes. */
import type { TextStatistics } from "../../models/text/mod.ts";
import type { LikelihoodBound } from "../../models/text/network/mod.ts";
import type { WriteRequest, WriteSettings } from "./writing.ts";

/** Of a request to evaluate, what runs on text take. */
export interface TextEvaluateOptions extends
  Omit<
    WriteRequest,
    "run" | "count" | "sampler" | "steps" | "seed" | "prompt" | "template" | "film_strip"
  > {
  /** Batches of 32 held-out windows for every bound, 2 to 200, by default 24. */
  readonly draws?: number;
  /** Numbers of steps whose own bounds are measured, each 1 to 1000; by default 16, 64 and `steps`. */
  readonly bound_steps?: readonly number[];
}

/** How a run on text was measured: the request with its defaults filled in. */
export interface TextEvaluationSettings {
  readonly draws: number;
  readonly bound_steps: readonly number[];
  /** How the texts were written. */
  readonly writing: WriteSettings;
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
