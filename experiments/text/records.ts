/** Records of samples and evaluations of text runs. */
import type { TextComparison, TextStatistics } from "../../models/text/mod.ts";
import type { TextEvaluationSettings, WriteSettings } from "./requests.ts";
import type { LikelihoodBound } from "../../models/text/network/mod.ts";
import type { NgramBaselines } from "../run/modality.ts";
import type { Evaluation, RowSample } from "../store/results.ts";

/** A sample of generated texts. */
export interface TextSample extends RowSample {
  readonly settings: WriteSettings;
  /** The texts, including the prompt. */
  readonly texts: readonly string[];
  /** Of what was written, without prompt and template, beside real text and the samples of a 5-gram
   * model of the same lengths. Null where the text that the run learnt from was not at hand. */
  readonly statistics: TextComparison | null;
  /** Intermediate states, highest noise level first in every block; empty unless requested. */
  readonly frames: readonly TextSampleFrame[];
  /** Evaluations of the network for each text. */
  readonly networkEvaluations: number;
  readonly seconds: number;
  readonly device: string;
  readonly createdAt: string;
}

export interface TextSampleFrame {
  /** Negative log signal-to-noise ratio; null for masked diffusion. */
  readonly gamma: number | null;
  /** For masked diffusion: mean share of the characters to generate that are still masked. */
  readonly masked?: number | undefined;
  /** Start of the block in the first text, in characters. */
  readonly start: number;
  /** The likeliest characters of the block in each text; underscores where masked. */
  readonly texts: readonly string[];
  /** Probability of the token that each of these characters is of, or of the likeliest one behind a
   * mask. */
  readonly confidence: readonly (readonly number[])[];
}

/** The likelihood of held-out text, or its bound, for a block size, in nats per character. */
export interface MeasuredBound extends LikelihoodBound {
  /** Block size in tokens; 1 is autoregressive, with an exact likelihood. */
  readonly blockSize: number;
  /** Number of sampling steps of the bound; null for continuous time. */
  readonly steps: number | null;
}

/** A value with the standard deviation over sets of the same size. */
export interface Spread {
  readonly mean: number;
  readonly sd: number;
}

/** Names of the numeric statistics. */
export type StatisticName = Exclude<
  keyof TextStatistics,
  "samples" | "characters" | "topCharacter" | "longestCopyText"
>;

/** Statistics of generated texts and of held-out texts of the same number and length. */
export interface WrittenResults {
  readonly written: TextStatistics;
  /** Statistics of {@link sets} sets of held-out windows; null if the text is too short. */
  readonly real: Readonly<Record<StatisticName, Spread | null>> | null;
  readonly sets: number;
  /** Statistics of samples of a 5-gram model. */
  readonly ngrams: TextStatistics;
  /** Nats per character under the autoregressive head of the run; null if it has none. */
  readonly ownNats: {
    readonly written: number;
    /** Value of the held-out sets; null if `real` is null. */
    readonly real: Spread | null;
  } | null;
  /** The first texts. */
  readonly texts: readonly string[];
}

export interface TextEvaluationResults {
  /** Bounds by ascending block size; for each, continuous time first, then finite numbers of steps. */
  readonly bounds: readonly MeasuredBound[];
  readonly baselines: NgramBaselines;
  readonly texts: WrittenResults;
}

export interface TextEvaluation extends Evaluation {
  readonly modality: "text";
  readonly settings: TextEvaluationSettings;
  readonly results: TextEvaluationResults;
}
