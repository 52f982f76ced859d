import { tf } from "../../../engine/mod.ts";

/** Features of a noise level. */
export const LEVEL_FEATURES = 64;
const HALF = LEVEL_FEATURES / 2;

/**
 * Sines and cosines of γ/10 at {@link LEVEL_FEATURES}/2 frequencies from 1 to 100, which tell levels
 * a tenth of a unit apart: γ [N] → [N, {@link LEVEL_FEATURES}].
 */
export function levelFeatures(gamma: tf.Tensor): tf.Tensor {
  const frequencies = Float32Array.from({ length: HALF }, (_, i) => 100 ** (i / (HALF - 1)) / 10);
  const phase = tf.mul(tf.reshape(gamma, [-1, 1]), tf.tensor2d(frequencies, [1, HALF]));
  return tf.concat([tf.sin(phase), tf.cos(phase)], -1);
}
