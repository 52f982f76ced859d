/** The heads of the text network over its trunk: autoregressive, masked diffusion, embedding diffusion. */
import { type Parameters, tf } from "../../../engine/mod.ts";
import {
  embedding,
  linear,
  type Scope,
  silu,
  type Tensors,
  unitNormal,
  zeros,
} from "../../layers/mod.ts";
import { EMBEDDING_DIMENSION } from "../mod.ts";
import { perExample } from "../../steps/mod.ts";
import { causalMask, type KeyValueCache, type Trunk, type TrunkAttention } from "./trunk.ts";

/** The autoregressive head. */
export interface Reader {
  /**
   * Applies the causal transformer. The input of position i is character i − 1 (a learned start embedding
   * at position 0), and position i attends to positions 0 … i, so its logits are those of character i
   * conditioned on all characters before it.
   *
   * @param tokens [N, length] int32.
   * @returns `logits`, [N, length + 1, V], and the key/value cache of all positions.
   */
  read(parameters: Tensors, tokens: tf.Tensor): { logits: tf.Tensor; cache: KeyValueCache };
}

/** Declares the parameters of the head; the returned function builds the head on a trunk. */
export function readerHead(
  root: Scope,
  { width, vocabulary }: { readonly width: number; readonly vocabulary: number },
): (trunk: Trunk) => Reader {
  const tokenEmbedding = embedding(root.at("tokens"), vocabulary, width);
  const start = root.at("start").declare("weight", [1, 1, width], unitNormal);
  const condition = root.at("clean").declare("condition", [1, 1, width], unitNormal);
  return (trunk) => ({
    read(p, tokens) {
      const [n, length] = tokens.shape as [number, number];
      const first = tf.add(start(p), tf.zeros([n, 1, width]));
      const x = length > 0 ? tf.concat([first, tokenEmbedding(p, tokens)], 1) : first;
      return trunk.apply(p, x, condition(p), { mask: causalMask(length + 1) });
    },
  });
}

/** The head of masked diffusion. */
export interface Filler {
  /**
   * Returns the logits of masked characters, conditioned on the unmasked ones on both sides:
   * [N, length, V]. The logits at unmasked positions have no meaning.
   *
   * @param tokens [N, length] int32; at masked positions they have no effect.
   * @param masked [N, length], 1 where masked, 0 elsewhere.
   */
  fill(parameters: Tensors, tokens: tf.Tensor, masked: tf.Tensor): tf.Tensor;
}

/**
 * Declares the parameters of the head; the returned function builds the head on a trunk.
 *
 * The network is not conditioned on time: the optimal prediction of a masked character depends on the
 * unmasked characters only (Ou et al. 2025, "Your Absorbing Discrete Diffusion Secretly Models the
 * Conditional Distributions of Clean Data", theorem 1).
 */
export function fillerHead(
  root: Scope,
  { width, vocabulary }: { readonly width: number; readonly vocabulary: number },
): (trunk: Trunk) => Filler {
  const tokenEmbedding = embedding(root.at("tokens"), vocabulary, width);
  const mask = root.at("mask").declare("weight", [1, 1, width], unitNormal);
  const condition = root.at("masked").declare("condition", [1, 1, width], unitNormal);
  return (trunk) => ({
    fill(p, tokens, masked) {
      const isMasked = tf.expandDims(masked, -1);
      const x = tf.add(
        tf.mul(tokenEmbedding(p, tokens), tf.sub(1, isMasked)),
        tf.mul(mask(p), isMasked),
      );
      return trunk.apply(p, x, condition(p)).logits;
    },
  });
}

/** Name of the embedding matrix, which has a learning rate of its own. */
export const EMBEDDINGS = "embeddings.weight";

/** Noisy embeddings, their noise level, and what they attend to, such as the cache of the reader. */
export interface NoisyInput extends TrunkAttention {
  /** z = αe + σε, [N, length, d]. */
  readonly z: tf.Tensor;
  /** Noise level γ = −log SNR of each example, with its α and σ; each is [N]. */
  readonly gamma: tf.Tensor;
  readonly alpha: tf.Tensor;
  readonly sigma: tf.Tensor;
  /** The previous denoised estimate for self-conditioning, shaped like `z`; zeros if there is none. */
  readonly previous: tf.Tensor;
}

/** The head of embedding diffusion. */
export interface Denoiser {
  /** Returns the embedding matrix, [V, d]; its rows have unit norm if the network says so. */
  embeddings(parameters: Tensors): tf.Tensor;
  /** Returns {@link outputPrior}, [N, length, V]. */
  prior(parameters: Tensors, input: Pick<NoisyInput, "z" | "alpha" | "sigma">): tf.Tensor;
  /**
   * Returns the logits of characters from their noisy embeddings, [N, length, V]: the output of the
   * network plus {@link outputPrior}, the exact posterior from each embedding alone. The network
   * therefore only has to learn what the context adds.
   */
  denoise(parameters: Tensors, input: NoisyInput): tf.Tensor;
}

/** Declares the parameters of the head; the returned function builds the head on a trunk. */
export function denoiserHead(
  root: Scope,
  { width, vocabulary, unitNorm }: {
    readonly width: number;
    readonly vocabulary: number;
    readonly unitNorm: boolean;
  },
): (trunk: Trunk) => Denoiser {
  const d = EMBEDDING_DIMENSION;
  const table = root.at("embeddings").declare("weight", [vocabulary, d], unitNormal);
  const stem = linear(root.at("noisy"), d, width);
  const previousStem = linear(root.at("previous"), d, width, { init: zeros });
  const level1 = linear(root.at("level1"), LEVEL_FEATURES, width);
  const level2 = linear(root.at("level2"), width, width);

  const embeddings: Denoiser["embeddings"] = (p) => {
    const e = table(p);
    return unitNorm ? tf.div(e, tf.norm(e, 2, -1, true)) : e;
  };
  const prior: Denoiser["prior"] = (p, { z, alpha, sigma }) =>
    outputPrior(z, alpha, sigma, embeddings(p), { unitNorm });

  return (trunk) => ({
    embeddings,
    prior,
    denoise(p, { rotary, cache, mask, ...input }) {
      const { z, gamma, alpha, sigma, previous } = input;
      const variance = tf.add(tf.div(tf.square(alpha), d), tf.square(sigma));
      const deviation = perExample(tf.sqrt(variance), z);
      const x = tf.add(
        stem(p, tf.div(z, deviation)),
        previousStem(p, tf.mul(previous, Math.sqrt(d))),
      );
      const level = level2(p, silu(level1(p, levelFeatures(gamma))));
      const condition = tf.reshape(level, [z.shape[0]!, 1, width]);
      const { logits } = trunk.apply(p, x, condition, { rotary, cache, mask });
      return tf.add(logits, prior(p, input));
    },
  });
}

/** Number of features of a noise level. */
const LEVEL_FEATURES = 64;
const HALF = LEVEL_FEATURES / 2;

/**
 * Returns sinusoidal features of γ/10 at {@link LEVEL_FEATURES}/2 frequencies from 1 to 100, which resolve
 * differences of 0.1: γ [N] → [N, {@link LEVEL_FEATURES}].
 */
function levelFeatures(gamma: tf.Tensor): tf.Tensor {
  const frequencies = Float32Array.from({ length: HALF }, (_, i) => 100 ** (i / (HALF - 1)) / 10);
  const phase = tf.mul(tf.reshape(gamma, [-1, 1]), tf.tensor2d(frequencies, [1, HALF]));
  return tf.concat([tf.sin(phase), tf.cos(phase)], -1);
}

/**
 * Returns the logits of the exact posterior of a character from its own noisy embedding, under a uniform
 * prior: log p(z | v) = (α/σ²) z·e_v − (α²/2σ²) ‖e_v‖² + const (the "output prior" of Gulrajani &
 * Hashimoto 2023, "Plaid", section 3.3). For unit-norm embeddings the second term is the same for all
 * characters and is omitted.
 *
 * @param z Noisy embeddings, [N, L, d].
 * @param alpha Signal amplitude of each example, [N].
 * @param sigma Noise amplitude of each example, [N].
 * @param e The embeddings, [V, d].
 * @returns [N, L, V]
 */
export function outputPrior(
  z: tf.Tensor,
  alpha: tf.Tensor,
  sigma: tf.Tensor,
  e: tf.Tensor,
  { unitNorm }: { readonly unitNorm: boolean },
): tf.Tensor {
  const [n, length, d] = z.shape as [number, number, number];
  const vocabulary = e.shape[0]!;
  const signal = perExample(alpha, z);
  const ratio = tf.div(signal, tf.square(perExample(sigma, z)));
  const rows = tf.reshape(tf.mul(ratio, z), [n * length, d]) as tf.Tensor2D;
  const near = tf.reshape(
    tf.matMul(rows, e as tf.Tensor2D, false, true),
    [n, length, vocabulary],
  );
  if (unitNorm) return near;
  const norms = tf.reshape(tf.sum(tf.square(e), -1), [1, 1, vocabulary]);
  return tf.sub(near, tf.mul(tf.mul(ratio, tf.mul(signal, 0.5)), norms));
}

/** Returns the embedding matrix, row-major [V, d], with unit-norm rows if the network says so. */
export function embeddingsOf(
  parameters: Parameters,
  network: { readonly options: { readonly unitNorm: boolean } },
): Float32Array {
  const { shape, data } = parameters[EMBEDDINGS]!;
  if (!network.options.unitNorm) return data;
  const d = shape[1]!;
  return data.map((value, i) => {
    const row = Math.floor(i / d) * d;
    return value / Math.hypot(...data.subarray(row, row + d));
  });
}
