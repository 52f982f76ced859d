/** What generation asks of a trained network, and what it gives back. */
import type { SamplerName } from "../../diffusion/mod.ts";
import type { GenerationMode } from "../generation_modes.ts";

/**
 * A network for text as generation sees it; all arrays are row-major and on the host. What is called a
 * character here is a token of the network's vocabulary, which may stand for several.
 */
export interface TextModel {
  readonly vocabularySize: number;
  /** What a token is called in errors. */
  readonly unit: "characters" | "tokens";
  /** Of an embedding. */
  readonly dimension: number;
  /** Characters that the network can see at once. */
  readonly context: number;
  /** [V, dimension]; null where the network only reads. */
  readonly embeddings: Float32Array | null;
  /** −log SNR over time, rising from the cleanest embeddings (t = 0) that it was trained on to the
   * noisiest (t = 1). */
  gamma(t: number): number;
  /**
   * Logits [count, length, V] of the characters behind noisy embeddings; null where the network only
   * reads.
   */
  readonly denoise: ((request: DenoiseRequest) => Promise<Float32Array>) | null;
  /**
   * Logits [count, length, V] of the characters behind masks; absent where the network does not fill in.
   *
   * @param tokens [count, length], −1 where masked.
   */
  readonly fill?:
    | ((tokens: Int32Array, count: number, length: number) => Promise<Float32Array>)
    | undefined;
  /**
   * Logits [count, length + 1, V]: slot i is of character i given those before it. Null where the
   * network does not read.
   *
   * @param tokens [count, length], length below the context.
   */
  readonly read:
    | ((tokens: Int32Array, count: number, length: number) => Promise<Float32Array>)
    | null;
}

export interface DenoiseRequest {
  /** z = αe + σε, [count, length, dimension]. */
  readonly z: Float32Array;
  readonly gamma: number;
  readonly count: number;
  readonly length: number;
  /** The characters before these, [count, prefix]; networks that do not read take none. */
  readonly before: Int32Array;
  readonly prefix: number;
  /** The estimate so far, like `z`. */
  readonly previous?: Float32Array | undefined;
}

export interface GenerationRequest {
  readonly mode: GenerationMode;
  readonly count: number;
  /** Characters to write, the prompt not among them. */
  readonly length: number;
  /** Characters that are continued. */
  readonly prompt: Int32Array;
  /** For infill: the text with −1 for every character to write; `length` and `prompt` are its own. */
  readonly template?: Int32Array | undefined;
  /** Characters written together by diffusion. */
  readonly blockSize: number;
  /** Steps of the walk through the noise levels, for every block. */
  readonly steps: number;
  readonly sampler: SamplerName;
  /** Divides the logits; 0 takes the likeliest character. */
  readonly temperature: number;
  /** Share of the probability, the likeliest characters first, that is drawn from. */
  readonly topP: number;
  /** For guided: weight of the diffusion's opinion, 0 to 1, against the autoregressive one. */
  readonly diffusionWeight: number;
  /** For revised: share of the characters that is written again in each round, and the rounds. */
  readonly reviseShare: number;
  readonly rounds: number;
  readonly seed: number;
  /** Keep about this many moments of every walk. */
  readonly frames: number;
}

/** What the network thought at one noise level. */
export interface TextFrame {
  /** −log SNR; null where characters are masked, not noised. */
  readonly gamma: number | null;
  /** Share of the characters to write that is masked on average, where they are. */
  readonly masked?: number | undefined;
  /** Where the characters stand in the text, and how many they are. */
  readonly start: number;
  readonly length: number;
  /** The likeliest characters, −1 where masked, [count, length]. */
  readonly tokens: Int32Array;
  /** Their probabilities, where masked that of the likeliest character, [count, length]. */
  readonly confidence: Float32Array;
}

export interface Generated {
  /** The prompt and what was written after it, [count, prompt + length]. */
  readonly tokens: Int32Array;
  /** Characters in one text. */
  readonly length: number;
  readonly frames: readonly TextFrame[];
  /** Evaluations of the network for each text. */
  readonly networkEvaluations: number;
}
