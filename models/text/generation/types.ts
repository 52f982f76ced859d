/** The interface between text generation and a trained network. */
import type { RandomKey } from "../../../engine/host/mod.ts";
import type { Inpainting, PlanOptions, SamplerName } from "../../diffusion/mod.ts";
import type { ChoiceOptions } from "./choose.ts";

/** Names of the generation modes, which `generate` describes. */
export const GENERATION_MODES = [
  "diffusion",
  "blocks",
  "autoregressive",
  "guided",
  "revised",
  "infill",
] as const;
export type GenerationMode = typeof GENERATION_MODES[number];

/**
 * A trained text network. All arrays are row-major and on the host. "Character" stands for a token of
 * the vocabulary, which may consist of several characters.
 */
export interface TextModel {
  readonly vocabularySize: number;
  /** The name of tokens in error messages. */
  readonly unit: "characters" | "tokens";
  /** Dimension of an embedding. */
  readonly dimension: number;
  /** Largest number of characters in the context. */
  readonly context: number;
  /** Embedding matrix, [V, dimension], of a network with a denoising head. */
  readonly embeddings?: Float32Array | undefined;
  /** −log SNR over time, rising from the lowest noise level of training (t = 0) to the highest (t = 1). */
  gamma(t: number): number;
  /**
   * Returns the logits of characters from their noisy embeddings, [count, length, V]. Absent for a network
   * without a denoising head.
   */
  readonly denoise?: ((request: DenoiseRequest) => Promise<Float32Array>) | undefined;
  /**
   * Carries out a sampling loop on the device of the network. Without this function, the loop runs on the
   * host and calls `denoise` for each evaluation.
   *
   * @param onStep Called when a step is enqueued.
   */
  readonly sample?:
    | ((loop: SamplingLoop, onStep?: () => void) => Promise<SampledLogits>)
    | undefined;
  /**
   * Returns the logits of masked characters, [count, length, V]. Absent for a network without masked
   * diffusion.
   *
   * @param tokens [count, length], −1 where masked.
   */
  readonly fill?:
    | ((tokens: Int32Array, count: number, length: number) => Promise<Float32Array>)
    | undefined;
  /**
   * Returns [count, length + 1, V], where position i holds the logits of character i conditioned on
   * those before it. Absent for a network without an autoregressive head.
   *
   * @param tokens [count, length], length below the context.
   */
  readonly read?:
    | ((tokens: Int32Array, count: number, length: number) => Promise<Float32Array>)
    | undefined;
}

export interface DenoiseRequest {
  /** z = αe + σε, [count, length, dimension]. */
  readonly z: Float32Array;
  readonly gamma: number;
  readonly count: number;
  readonly length: number;
  /** The characters before the block, [count, prefix]; ignored without an autoregressive head. */
  readonly before: Int32Array;
  readonly prefix: number;
  /** The previous denoised estimate, shaped like `z`, for self-conditioning. */
  readonly previous?: Float32Array | undefined;
}

/** A sampling loop over the embeddings of one block. */
export interface SamplingLoop
  extends PlanOptions, Pick<DenoiseRequest, "count" | "length" | "before" | "prefix"> {
  /** The noise that it starts from, [count, length, dimension]. */
  readonly z: Float32Array;
  /** Key of the noise that steps add; each draw is a step of it. */
  readonly noise: Omit<RandomKey, "step">;
  /** Divisor of the logits in the estimate x̂ = softmax(logits / temperature)·E. */
  readonly temperature: number;
  /**
   * Characters that are not to be sampled, [count, length], −1 for all others. Their logits are
   * {@link FIXED_LOGIT}, and those of other characters in their place 0.
   */
  readonly fixed?: Int32Array | undefined;
  /** The embeddings of the fixed characters. */
  readonly inpaint?: Inpainting<Float32Array> | undefined;
  /** Number of steps whose logits are to be returned. */
  readonly frames: number;
}

/** Logit of a fixed character. */
export const FIXED_LOGIT = 1e4;

export interface SampledLogits {
  /** The noisy embeddings at the last level, [count, length, dimension]. */
  readonly z: Float32Array;
  /** Logits of the last evaluation, [count, length, V]. */
  readonly logits: Float32Array;
  /** Logits of the first evaluation of each step that is shown, and its noise level. */
  readonly frames: readonly { readonly gamma: number; readonly logits: Float32Array }[];
  readonly evaluations: number;
}

export interface GenerationRequest extends ChoiceOptions {
  readonly mode: GenerationMode;
  readonly count: number;
  /** Number of characters to generate, excluding the prompt. */
  readonly length: number;
  /** The characters that the text begins with. */
  readonly prompt: Int32Array;
  /** For `infill`: the text with −1 for every character to generate. It replaces `length` and `prompt`. */
  readonly template?: Int32Array | undefined;
  /** Number of characters in a block. */
  readonly blockSize: number;
  /** Number of sampling steps for each block. */
  readonly steps: number;
  readonly sampler: SamplerName;
  /** For `guided`: weight of the denoising expert, 0 to 1; the autoregressive one has the rest. */
  readonly diffusionWeight: number;
  /** For `revised`: share of the characters that are sampled again in each round, and the number of rounds. */
  readonly reviseShare: number;
  readonly rounds: number;
  readonly seed: number;
  /** Number of intermediate states to record for each block. */
  readonly frames: number;
}

/** An intermediate state: the network's prediction at one noise level. */
export interface TextFrame {
  /** −log SNR; null for masked diffusion. */
  readonly gamma: number | null;
  /** For masked diffusion: mean share of the characters to generate that are still masked. */
  readonly masked?: number | undefined;
  /** Index of the first of these characters in the text, and their number. */
  readonly start: number;
  readonly length: number;
  /** The likeliest character of each position, −1 where it is masked, [count, length]. */
  readonly tokens: Int32Array;
  /** The probability of the likeliest character of each position, [count, length]. */
  readonly confidence: Float32Array;
}

export interface Generated {
  /** The prompt and the generated characters, [count, prompt + length]. */
  readonly tokens: Int32Array;
  /** Number of characters in one text. */
  readonly length: number;
  readonly frames: readonly TextFrame[];
  /** Number of network evaluations for each text. */
  readonly networkEvaluations: number;
}
