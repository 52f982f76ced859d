/** What characters cost under a network's logits, in nats. */
import { tf } from "../../../engine/mod.ts";

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
