import { tf } from "../../engine/mod.ts";

/**
 * Scaled dot-product attention (Vaswani et al. 2017, equation 1): softmax(q kᵀ/√width) v.
 *
 * @param q,k,v [..., length, width]; leading axes (examples, heads) are independent.
 * @param mask Added to the scores, broadcastable to [..., length, length]: 0 to see, a large negative
 * number to hide.
 */
export function attention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  mask?: tf.Tensor,
): tf.Tensor {
  const width = q.shape.at(-1)!;
  const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width));
  return tf.matMul(tf.softmax(mask ? tf.add(scores, mask) : scores), v);
}
