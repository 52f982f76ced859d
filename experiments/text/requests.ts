/** Requests to generate text with and to evaluate text runs, and the records of their results. */
import { z } from "zod";
import { samplerNames } from "../../models/diffusion/mod.ts";
import {
  GENERATION_MODES,
  type TextComparison,
  type TextStatistics,
} from "../../models/text/mod.ts";
import {
  defaulted,
  fieldFacts,
  filmStrip,
  integer,
  optional,
  run,
  samplerSteps,
  seed,
} from "../config/fields.ts";
import type { Spread } from "../common/statistics.ts";
import type { LikelihoodBound } from "../../models/text/network/mod.ts";
import type { NgramBaselines } from "../run/modality.ts";
import type { Evaluation, RowSample } from "../store/results.ts";

/** Steps back through the process itself, whatever that is: the one that suits every run on text. */
export const REVERSE = "ddpm";

export const DEFAULT_BLOCK_SIZE = 16;
/**
 * Autoregressive and masked generation apply the temperature once for each character, denoising at every noise
 * level. Denoised texts of `shakespeare-blocks` have the diversity of real text (entropy of 4-grams) at 0.7;
 * at 0.9 it is higher, because fewer of the words exist.
 */
export const DEFAULT_TEMPERATURES = { denoising: 0.7, others: 0.9 } as const;
/** Numbers of steps whose bounds are measured in addition to that of generation. */
export const DEFAULT_BOUND_STEPS: readonly number[] = [16, 64];
/** Number of windows in a batch, which is one draw of a bound. */
export const WINDOWS_PER_DRAW = 32;

const length = integer(1, 2000);
const block_size = optional(
  integer(1, 512),
  "Tokens in a block that is generated at once, at most the run's context",
  String(DEFAULT_BLOCK_SIZE),
).register(fieldFacts, { rare: true });
const temperature = optional(
  z.number().min(0).max(5),
  "Temperature; 0 takes the likeliest token",
  `${DEFAULT_TEMPERATURES.denoising} for diffusion, ${DEFAULT_TEMPERATURES.others} autoregressive`,
);
const steps = defaulted(samplerSteps, "Sampler steps", 64);
const sampler = defaulted(z.enum(samplerNames), "Sampler", REVERSE);

/** How tokens are chosen; alike in samples and evaluations. */
const choiceFields = {
  block_size,
  temperature,
  top_p: defaulted(
    z.number().min(0.01).max(1),
    "Nucleus sampling: tokens are drawn from the likeliest with this share of the probability",
    1,
  ).register(fieldFacts, { rare: true }),
  diffusion_weight: defaulted(
    z.number().min(0).max(1),
    "For mode guided: weight of the diffusion model",
    0.5,
  ).register(fieldFacts, { rare: true }),
  revise_share: defaulted(
    z.number().min(0).max(1),
    "For mode revised: share of the tokens that a round generates again",
    0.2,
  ).register(fieldFacts, { rare: true }),
  rounds: defaulted(integer(1, 10), "For mode revised: rounds", 2)
    .register(fieldFacts, { rare: true }),
};

export const WriteRequest = z.strictObject({
  run,
  mode: optional(
    z.enum(GENERATION_MODES),
    "diffusion (the whole text at once), blocks (one after another), autoregressive, guided " +
      "(autoregressive, multiplied by the diffusion model's probabilities), revised (blocks, then the " +
      "least likely tokens again) or infill (fills a template)",
    "that of the run's method",
  ),
  count: defaulted(integer(1, 16), "Texts", 3),
  prompt: defaulted(z.string().max(2000), "Beginning that is continued", ""),
  template: z.string().min(1).max(512).optional().describe(
    "For mode infill: a text with an underscore for each token to generate (default none)",
  ),
  length: optional(length, "Tokens to generate", "one window for diffusion, else two"),
  sampler,
  steps,
  ...choiceFields,
  seed,
  film_strip: filmStrip,
});
export type WriteRequest = z.input<typeof WriteRequest>;

export const TextEvaluateRequest = z.strictObject({
  run,
  count: defaulted(integer(2, 256), "Texts", 32),
  mode: optional(
    z.enum(GENERATION_MODES).exclude(["infill"]),
    "As in sample, without infill",
    "what the run's method does",
  ),
  length: optional(length, "Tokens of each text", "one window"),
  sampler,
  steps,
  ...choiceFields,
  seed,
  draws: defaulted(
    integer(2, 200),
    `Batches of ${WINDOWS_PER_DRAW} windows over which a bound is averaged`,
    24,
  ),
  bound_steps: z.array(samplerSteps).min(1).max(6).optional().describe(
    "Numbers of sampler steps for which a bound is measured, 1 to 6 values (default " +
      `${DEFAULT_BOUND_STEPS.join(", ")} and steps)`,
  ),
});
export type TextEvaluateRequest = z.input<typeof TextEvaluateRequest>;

type WriteFields = z.output<typeof WriteRequest>;

/** How a text was written: the request with its defaults filled in. */
export type WriteSettings =
  & Readonly<
    Omit<{ [Field in keyof WriteFields]-?: NonNullable<WriteFields[Field]> }, "run" | "template">
  >
  & {
    readonly template: string | null;
    /** Whether a caller requested it, which is so where the field is absent, or it was made during training. */
    readonly made_by?: "request" | "training";
  };

/** How a run on text was measured: the request with its defaults filled in. */
export interface TextEvaluationSettings {
  readonly draws: number;
  readonly bound_steps: readonly number[];
  /** How the texts were written. */
  readonly writing: WriteSettings;
}

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
