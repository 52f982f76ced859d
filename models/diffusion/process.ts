import { tf } from "../../engine/mod.ts";
import { alphaSigma } from "./notation.ts";
import type { Raise } from "./solver.ts";

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
  return tf.add(tf.mul(x, alpha), tf.mul(eps, sigma));
}

/**
 * The forward process from one noise level to a noisier one, q(z_t | z_s): z_t = (α_t/α_s) z_s +
 * √(σ_t² − (α_t/α_s)² σ_s²) ξ (Kingma et al. 2021, appendix A.1). From γ_s = −∞ it noises clean
 * samples.
 *
 * @returns The coefficients, on the host in float64.
 */
export function raiseTo(gammaS: number, gammaT: number): Raise {
  const s = alphaSigma(gammaS), t = alphaSigma(gammaT);
  return {
    gamma: gammaT,
    z: t.alpha / s.alpha,
    noise: t.sigma * Math.sqrt(-Math.expm1(gammaS - gammaT)),
  };
}
