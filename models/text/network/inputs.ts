/** What all steps do with their inputs. */
import { tf } from "../../../engine/mod.ts";

export type Tensors = Record<string, tf.Tensor>;

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

/** One of a step's inputs, which must be there. */
export function input(inputs: Tensors, name: string): tf.Tensor {
  const tensor = inputs[name];
  if (!tensor) throw new Error(`Internal: the input \`${name}\` is missing`);
  return tensor;
}
