import type { tf } from "../../engine/mod.ts";

/**
 * The forward process at one noise level: z = α x + σ ε (Ho et al. 2020, equation 4).
 *
 * @param x Clean samples, [N, …].
 * @param eps Unit normal noise, like `x`.
 * @param alpha Signal amplitude of each example, broadcastable to `x`: [N, 1, …].
 * @param sigma Noise amplitude of each example, like `alpha`.
 */
export function diffuse(
  x: tf.Tensor,
  eps: tf.Tensor,
  alpha: tf.Tensor,
  sigma: tf.Tensor,
): tf.Tensor {
  return x.mul(alpha).add(eps.mul(sigma));
}
