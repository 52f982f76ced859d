/** Writing texts with a run. */
import type { SamplerName } from "../../models/diffusion/mod.ts";
import type { GenerationMode, TextComparison, TextStatistics } from "../../models/text/mod.ts";
import type { LikelihoodBound } from "../../models/text/network/mod.ts";

export interface WriteRequest {
  /** A run's id, a unique prefix of one, "latest" or "best". */
  readonly run: string;
  /** By default what the run's method does; infill where a template is given. */
  readonly mode?: GenerationMode;
  /** Texts, 1 to 16, by default 3. */
  readonly count?: number;
  /** Tokens to write after the prompt, 1 to 2000: characters, unless the run has a byte-pair
   * vocabulary. By default two windows; for diffusion what fits a window, the prompt counted by its
   * characters. */
  readonly length?: number;
  /** Text to continue, in characters of the run's vocabulary; empty by default. */
  readonly prompt?: string;
  /** Text with an underscore for every token to fill in. */
  readonly template?: string;
  /** Tokens written together, 1 to the run's context, by default 16. */
  readonly block_size?: number;
  readonly sampler?: SamplerName;
  /** Steps through the noise levels for every block, 1 to 1000, by default 64. */
  readonly steps?: number;
  /** 0 (the likeliest character) to 5, by default 0.7 where characters come out of noise, else 0.9. */
  readonly temperature?: number;
  /** Share of the probability that is drawn from, 0.01 to 1 (the default). */
  readonly top_p?: number;
  /** For guided: weight of diffusion against reading, 0 to 1, by default 0.5. */
  readonly diffusion_weight?: number;
  /** For revised: share of characters that each round writes again, by default 0.2. */
  readonly revise_share?: number;
  /** For revised: 1 to 10, by default 2. */
  readonly rounds?: number;
  readonly seed?: number;
  readonly film_strip?: boolean;
}

/** How a text was written: the request with its defaults filled in. */
export type WriteSettings = Required<Omit<WriteRequest, "run" | "template">> & {
  readonly template: string | null;
  /** Asked for by a caller (as where it is absent), or made by the trainer on its way. */
  readonly made_by?: "request" | "training";
};

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
