/** The diffusion head of the text network. */
import { tf } from "../../../engine/mod.ts";
import {
  linear,
  type Rotary,
  type Scope,
  silu,
  type Tensors,
  unitNormal,
  zeros,
} from "../../layers/mod.ts";
import { perExample } from "../../steps/mod.ts";
import { LEVEL_FEATURES, levelFeatures } from "./levels.ts";
import type { KeyValueCache, Trunk } from "./trunk.ts";
import { outputPrior } from "./output_prior.ts";

/** Dimensions of a character's embedding. */
export const EMBEDDING_DIMENSION = 16;

/** Name of the embeddings' parameter, which learns at a rate of its own. */
export const EMBEDDINGS = "embeddings.weight";

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
  readonly rotary?: Rotary | undefined;
  /** The reader's keys and values, attended to where the mask allows. */
  readonly cache?: KeyValueCache | undefined;
  /** Added to the scores, [length, (cached +) length]; all attend to all by default. */
  readonly mask?: tf.Tensor | undefined;
}

export interface Denoiser {
  /** The embeddings, of unit length unless they are free: [V, d]. */
  embeddings(parameters: Tensors): tf.Tensor;
  /** The output prior alone ({@link outputPrior}): [N, length, V]. */
  prior(parameters: Tensors, input: Pick<NoisyInput, "z" | "alpha" | "sigma">): tf.Tensor;
  /**
   * Logits of the characters behind noisy embeddings, [N, length, V]: those of the network plus the
   * output prior, what each character's noisy embedding tells by itself. So the network learns only
   * what the context adds.
   */
  denoise(parameters: Tensors, input: NoisyInput): tf.Tensor;
}

/** Declares the head's parameters; the head itself is made of them and a trunk. */
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
