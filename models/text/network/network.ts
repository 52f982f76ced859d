/** The transformer behind every way of learning text. */
import { tf } from "../../../engine/mod.ts";
import { perExample } from "../../steps/mod.ts";
import {
  type Activation,
  declarations,
  embedding,
  linear,
  parameterCount,
  type ParameterSpec,
  type Rotary,
  rotaryConstants,
  type Shown,
  silu,
  type Tensors,
  transformerBlock,
  transformerHead,
  unitNormal,
  zeros,
} from "../../layers/mod.ts";
import { DENSITY, type GammaEnds, initialDensity, KNOTS } from "./adaptive.ts";
import { LEVEL_FEATURES, levelFeatures } from "./levels.ts";
import { HIDDEN } from "./masks.ts";
import { outputPrior } from "./output_prior.ts";

/** Dimensions of a character's embedding. */
export const EMBEDDING_DIMENSION = 16;

const sizes = {
  tiny: { width: 32, layers: 2, heads: 2 },
  small: { width: 128, layers: 4, heads: 4 },
} as const;
export type TextSize = keyof typeof sizes;

export interface TextNetworkOptions {
  readonly size: TextSize;
  /** Different characters. */
  readonly vocabulary: number;
  /** Characters in a window. */
  readonly context: number;
  /** Reads text as it is, left to right: what autoregression and blocks need. */
  readonly clean: boolean;
  /** Reads noisy embeddings: what diffusion and blocks need. */
  readonly noisy: boolean;
  /** Fills in masked characters: what masked diffusion needs. */
  readonly masked?: boolean;
  /** Without, attention knows no order. */
  readonly positions: boolean;
  /** Whether embeddings are scaled to unit length. */
  readonly unitNorm: boolean;
  /** Of the transformer's perceptrons, by default "gelu". */
  readonly activation?: Activation;
  /** Between which −log SNR it learns where its bound is made up; by default it does not. */
  readonly adaptive?: GammaEnds;
}

/** What one slot of the clean stream shows to the noisy one, layer by layer. */
export type Memory = readonly Shown[];

/** Noisy embeddings and what is known of them. */
export interface NoisyInput {
  /** z = αe + σε, [N, length, d]. */
  readonly z: tf.Tensor;
  /** Noise level γ = −log SNR of every example, with its α and σ, [N] each. */
  readonly gamma: tf.Tensor;
  readonly alpha: tf.Tensor;
  readonly sigma: tf.Tensor;
  /** The estimate so far, like `z`; zeros where there is none. */
  readonly previous: tf.Tensor;
  /** Positions, where they are not 0, 1, …. */
  readonly rotary?: Rotary;
  /** The clean stream's, seen where the mask lets them. */
  readonly before?: Memory;
  /** Added to the scores, [length, (clean slots +) length]; everything is seen by default. */
  readonly mask?: tf.Tensor;
}

export interface TextNetwork {
  readonly options: TextNetworkOptions;
  readonly width: number;
  readonly headWidth: number;
  readonly parameters: readonly ParameterSpec[];
  readonly parameterCount: number;
  /** The embeddings, of unit length unless they are free: [V, d]. */
  embeddings(parameters: Tensors): tf.Tensor;
  /**
   * Reads text: slot i holds character i − 1 (slot 0 a learned start) and sees itself and what is
   * left of it, so its logits are those of character i given all before, exactly.
   *
   * @param tokens [N, slots − 1] int32.
   */
  read(parameters: Tensors, tokens: tf.Tensor): { logits: tf.Tensor; memory: Memory };
  /** Logits of the characters behind noisy embeddings, [N, length, V]. */
  denoise(parameters: Tensors, input: NoisyInput): tf.Tensor;
  /**
   * Logits of the characters behind masks, given those that are not masked on either side:
   * [N, length, V]. Those at places that are not masked mean nothing.
   *
   * @param tokens [N, length] int32; at masked places they have no effect.
   * @param masked [N, length], 1 where masked, 0 elsewhere.
   */
  fill(parameters: Tensors, tokens: tf.Tensor, masked: tf.Tensor): tf.Tensor;
}

/** Name of the embeddings' parameter, which learns at a rate of its own. */
export const EMBEDDINGS = "embeddings.weight";

/**
 * A transformer of two streams with one set of blocks. The *clean* stream is an ordinary language
 * model. The *noisy* stream estimates characters from noisy embeddings, all positions at once; it
 * may look at the clean stream's slots, which is how a block knows the text before it (Arriola et
 * al. 2025, "Block Diffusion", section 3.3, with the clean slots shifted by one so that they predict
 * too). The condition of adaLN-zero is the noise level, or a learned vector for clean text.
 *
 * The noisy stream's logits are those of the network plus what each character's noisy embedding tells
 * by itself ({@link outputPrior}), so the network learns only what the context adds.
 *
 * The *masked* stream is alone in its network. It sees every place at once, a learned vector where the
 * character is masked. It is not told how many are: the best estimate of a masked character depends on
 * the characters that are seen alone (Ou et al. 2025, "Your Absorbing Discrete Diffusion Secretly
 * Models the Conditional Distributions of Clean Data", theorem 1).
 */
export function textNetwork(options: TextNetworkOptions): TextNetwork {
  const { vocabulary, clean, noisy, masked = false, context } = options;
  const { width, layers, heads } = sizes[options.size];
  const d = EMBEDDING_DIMENSION;
  const { activation = "gelu" } = options;
  const shape = { width, heads, conditionWidth: width, activation };
  const headWidth = width / heads;
  const { root, specs } = declarations();

  const table = noisy ? root.at("embeddings").declare("weight", [vocabulary, d], unitNormal) : null;
  const stem = noisy ? linear(root.at("noisy"), d, width) : null;
  const previousStem = noisy ? linear(root.at("previous"), d, width, { init: zeros }) : null;
  const level1 = noisy ? linear(root.at("level1"), LEVEL_FEATURES, width) : null;
  const level2 = noisy ? linear(root.at("level2"), width, width) : null;
  const tokens = clean || masked ? embedding(root.at("tokens"), vocabulary, width) : null;
  const start = clean ? root.at("start").declare("weight", [1, 1, width], unitNormal) : null;
  const cleanCondition = clean
    ? root.at("clean").declare("condition", [1, 1, width], unitNormal)
    : null;
  const mask = masked ? root.at("mask").declare("weight", [1, 1, width], unitNormal) : null;
  const maskedCondition = masked
    ? root.at("masked").declare("condition", [1, 1, width], unitNormal)
    : null;
  const blocks = Array.from(
    { length: layers },
    (_, i) => transformerBlock(root.at(`block${i}`), shape),
  );
  const head = transformerHead(root.at("head"), shape, vocabulary);
  if (options.adaptive) root.declare(DENSITY, [KNOTS], initialDensity(options.adaptive));

  const network: TextNetwork = {
    options,
    width,
    headWidth,
    parameters: specs,
    parameterCount: parameterCount(specs),
    embeddings(p) {
      const e = table!(p);
      return options.unitNorm ? tf.div(e, tf.norm(e, 2, -1, true)) : e;
    },
    read(p, given) {
      const [n, length] = given.shape as [number, number];
      const words = tf.reshape(
        tokens!(p, tf.reshape(given, [n * length])),
        [n, length, width],
      );
      const first = tf.add(start!(p), tf.zeros([n, 1, width]));
      const slots = length + 1;
      const condition = cleanCondition!(p);
      const mask = causalMask(slots);
      const rotary = options.positions ? rotaryConstants(slots, headWidth) : undefined;
      const memory: Shown[] = [];
      let x = length > 0 ? tf.concat([first, words], 1) : first;
      for (const block of blocks) {
        const result = block(p, x, condition, { mask, ...(rotary ? { rotary } : {}) });
        x = result.x;
        memory.push(result.shown);
      }
      return { logits: head(p, x, condition), memory };
    },
    denoise(p, { z, gamma, alpha, sigma, previous, rotary, before, mask }) {
      const [n, length] = z.shape as [number, number, number];
      const variance = tf.add(tf.div(tf.square(alpha), d), tf.square(sigma));
      const deviation = perExample(tf.sqrt(variance), z);
      let x = tf.add(
        stem!(p, tf.div(z, deviation)),
        previousStem!(p, tf.mul(previous, Math.sqrt(d))),
      );
      const level = level2!(p, silu(level1!(p, levelFeatures(gamma))));
      const condition = tf.reshape(level, [n, 1, width]);
      const turned = options.positions ? rotary ?? rotaryConstants(length, headWidth) : undefined;
      for (const [i, block] of blocks.entries()) {
        x = block(p, x, condition, {
          ...(turned ? { rotary: turned } : {}),
          ...(before ? { before: before[i]! } : {}),
          ...(mask ? { mask } : {}),
        }).x;
      }
      const prior = outputPrior(z, alpha, sigma, network.embeddings(p), options);
      return tf.add(head(p, x, condition), prior);
    },
    fill(p, given, hidden) {
      const [n, length] = given.shape as [number, number];
      const words = tf.reshape(
        tokens!(p, tf.reshape(given, [n * length])),
        [n, length, width],
      );
      const share = tf.reshape(hidden, [n, length, 1]);
      const condition = maskedCondition!(p);
      const rotary = options.positions ? rotaryConstants(length, headWidth) : undefined;
      let x = tf.add(tf.mul(words, tf.sub(1, share)), tf.mul(mask!(p), share));
      for (const block of blocks) x = block(p, x, condition, rotary ? { rotary } : {}).x;
      return head(p, x, condition);
    },
  };
  if (context < 1) throw new Error(`Internal: context is ${context}`);
  return network;
}

/** [slots, slots]: slot i sees slots 0 … i. */
function causalMask(slots: number): tf.Tensor {
  const mask = new Float32Array(slots * slots);
  for (let i = 0; i < slots; i++) mask.fill(HIDDEN, i * slots + i + 1, (i + 1) * slots);
  return tf.tensor2d(mask, [slots, slots]);
}
