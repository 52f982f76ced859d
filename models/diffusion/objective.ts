import type { tf } from "../../engine/mod.ts";

/** What a network is trained to predict. */
export const targetNames = ["epsilon", "v"] as const;
export type Target = typeof targetNames[number];

/** A prediction target as a pair of linear maps at a fixed noise level. */
interface TargetMaps {
  of(x: tf.Tensor, eps: tf.Tensor, alpha: tf.Tensor, sigma: tf.Tensor): tf.Tensor;
  denoised(output: tf.Tensor, z: tf.Tensor, alpha: tf.Tensor, sigma: tf.Tensor): tf.Tensor;
}

const targets: { readonly [Name in Target]: TargetMaps } = {
  // Ho et al. 2020, equations 9 and 14.
  epsilon: {
    of: (_x, eps) => eps,
    denoised: (output, z, alpha, sigma) => z.sub(output.mul(sigma)).div(alpha),
  },
  // Salimans & Ho 2022, "Progressive Distillation for Fast Sampling of Diffusion Models",
  // section 4 and appendix D. Unlike ε it never divides by α, so it holds up in pure noise.
  v: {
    of: (x, eps, alpha, sigma) => eps.mul(alpha).sub(x.mul(sigma)),
    denoised: (output, z, alpha, sigma) => z.mul(alpha).sub(output.mul(sigma)),
  },
};

/**
 * The value a perfect network would output: ε, or v = α ε − σ x.
 *
 * @param x Clean samples, [N, …].
 * @param eps The noise mixed into them, like `x`.
 * @param alpha,sigma Amplitudes of each example, broadcastable to `x`: [N, 1, …].
 */
export function targetOf(
  target: Target,
  x: tf.Tensor,
  eps: tf.Tensor,
  alpha: tf.Tensor,
  sigma: tf.Tensor,
): tf.Tensor {
  return targets[target].of(x, eps, alpha, sigma);
}

/**
 * The clean sample that a network's output implies: x̂ = (z − σ ε̂)/α, or x̂ = α z − σ v̂.
 *
 * @param output What the network predicted, [N, …].
 * @param z The noisy points it predicted from, like `output`.
 * @param alpha,sigma Amplitudes of each example, broadcastable to `z`: [N, 1, …]. For ε, `alpha`
 * must not be zero.
 */
export function denoisedFrom(
  target: Target,
  output: tf.Tensor,
  z: tf.Tensor,
  alpha: tf.Tensor,
  sigma: tf.Tensor,
): tf.Tensor {
  return targets[target].denoised(output, z, alpha, sigma);
}

/**
 * The noise that an estimate of the clean sample implies: ε̂ = (z − α x̂)/σ. With it,
 * `targetOf(target, x̂, ε̂, α, σ)` turns x̂ into any target, the inverse of {@link denoisedFrom}.
 */
export function noiseFrom(
  denoised: tf.Tensor,
  z: tf.Tensor,
  alpha: tf.Tensor,
  sigma: tf.Tensor,
): tf.Tensor {
  return z.sub(denoised.mul(alpha)).div(sigma);
}
