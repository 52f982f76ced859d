import { tf } from "../../../engine/mod.ts";
import { perExample } from "../../steps/mod.ts";

/**
 * The exact posterior of lone characters of equal prior probability, each seen by itself, as logits:
 * log p(z | v) = (α/σ²) z·e_v − (α²/2σ²) ‖e_v‖² + const (the "output prior" of Gulrajani & Hashimoto
 * 2023, "Plaid", section 3.3). Where all embeddings have unit length, the second term is the same for
 * every character and left out.
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
