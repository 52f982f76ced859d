import { tf } from "../../engine/mod.ts";

/**
 * Scaled dot-product attention (Vaswani et al. 2017, equation 1): softmax(q kᵀ/√width) v.
 *
 * @param q,k,v [..., length, width]; leading axes (examples, heads) are independent.
 * @param mask Added to the scores, broadcastable to [..., length, length]: 0 to see, a large negative
 * number to hide. No gradient goes into it.
 */
export function attention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  mask?: tf.Tensor,
): tf.Tensor {
  const scale = 1 / Math.sqrt(q.shape.at(-1)!);
  // With P the softmax and O = P V: dS = P ∘ (dP − rows(dO ∘ O)). The sums over a row of dP ∘ P are
  // those of dO ∘ O (Dao et al. 2022, "FlashAttention", appendix B.2), which is a fraction of the size.
  const withGradient = tf.customGrad((...args) => {
    const [q, k, v, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const scores = tf.mul(tf.matMul(q, k, false, true), scale);
    const weights = tf.softmax(mask ? tf.add(scores, mask) : scores);
    const value = tf.matMul(weights, v);
    save([q, k, v, weights, value]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [q, k, v, weights, value] = saved as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      const rows = tf.sum(tf.mul(dy, value), -1, true);
      const dScores = tf.mul(weights, tf.sub(tf.matMul(dy, v, false, true), rows));
      return [
        tf.mul(tf.matMul(dScores, k), scale),
        tf.mul(tf.matMul(dScores, q, true, false), scale),
        tf.matMul(weights, dy, true, false),
      ];
    };
    return { value, gradFunc };
  });
  return withGradient(q, k, v);
}
