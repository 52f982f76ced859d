/** The head of the text network for masked diffusion. */
import { tf } from "../../../engine/mod.ts";
import { embedding, type Scope, type Tensors, unitNormal } from "../../layers/mod.ts";
import type { Trunk } from "./trunk.ts";

export interface Filler {
  /**
   * Logits of the characters behind masks, given those that are not masked on either side:
   * [N, length, V]. Those at positions that are not masked mean nothing.
   *
   * @param tokens [N, length] int32; at masked positions they have no effect.
   * @param masked [N, length], 1 where masked, 0 elsewhere.
   */
  fill(parameters: Tensors, tokens: tf.Tensor, masked: tf.Tensor): tf.Tensor;
}

/**
 * Declares the head's parameters; the head itself is made of them and a trunk.
 *
 * The network is not told how many characters are masked: the best estimate of a masked character
 * depends on the characters that are seen alone (Ou et al. 2025, "Your Absorbing Discrete Diffusion
 * Secretly Models the Conditional Distributions of Clean Data", theorem 1).
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
      const [n, length] = tokens.shape as [number, number];
      const rows = tokenEmbedding(p, tf.reshape(tokens, [n * length]));
      const words = tf.reshape(rows, [n, length, width]);
      const share = tf.reshape(masked, [n, length, 1]);
      const x = tf.add(tf.mul(words, tf.sub(1, share)), tf.mul(mask(p), share));
      return trunk.apply(p, x, condition(p)).logits;
    },
  });
}
