/** The autoregressive head of the text network. */
import { tf } from "../../../engine/mod.ts";
import { embedding, type Scope, type Tensors, unitNormal } from "../../layers/mod.ts";
import { HIDDEN, type KeyValueCache, type Trunk } from "./trunk.ts";

export interface Reader {
  /**
   * Reads text: position i holds character i − 1 (position 0 a learned start) and attends to itself and
   * what is left of it, so its logits are those of character i given all before, exactly.
   *
   * @param tokens [N, length] int32.
   * @returns `logits` [N, length + 1, V], and the keys and values of all positions.
   */
  read(parameters: Tensors, tokens: tf.Tensor): { logits: tf.Tensor; cache: KeyValueCache };
}

/** Declares the head's parameters; the head itself is made of them and a trunk. */
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
      const rows = tokenEmbedding(p, tf.reshape(tokens, [n * length]));
      const words = tf.reshape(rows, [n, length, width]);
      const first = tf.add(start(p), tf.zeros([n, 1, width]));
      const clean = condition(p);
      const mask = causalMask(length + 1);
      const x = length > 0 ? tf.concat([first, words], 1) : first;
      return trunk.apply(p, x, clean, { mask });
    },
  });
}

/** [length, length]: position i attends to positions 0 … i. */
function causalMask(length: number): tf.Tensor {
  const mask = new Float32Array(length * length);
  for (let i = 0; i < length; i++) mask.fill(HIDDEN, i * length + i + 1, (i + 1) * length);
  return tf.tensor2d(mask, [length, length]);
}

/** −log softmax(logits) at the tokens: [N, L, V], [N, L] → [N, L]. */
export function perCharacter(logits: tf.Tensor, tokens: tf.Tensor): tf.Tensor {
  const vocabulary = logits.shape.at(-1)!;
  const chosen = tf.oneHot(tokens, vocabulary, 1, 0, "float32");
  return tf.neg(tf.sum(tf.mul(chosen, tf.logSoftmax(logits)), -1));
}

/** The mean over each window's characters: [N]. */
export function crossEntropy(logits: tf.Tensor, tokens: tf.Tensor): tf.Tensor {
  return tf.mean(perCharacter(logits, tokens), -1);
}
