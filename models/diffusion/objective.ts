import { tf } from "../../engine/mod.ts";
import type { Target } from "./names/mod.ts";

/** A target with what it takes; a bare {@link Target} stands for itself with the papers' values. */
export interface Objective {
  readonly target: Target;
  /** EDM's σ_data, the standard deviation of the data; by default the paper's 0.5. */
  readonly sigmaData?: number;
}

/** The objective that a bare target stands for. */
export function objectiveOf(objective: Target | Objective): Required<Objective> {
  const { target, sigmaData = 0.5 } = typeof objective === "string"
    ? { target: objective }
    : objective;
  return { target, sigmaData };
}

/** A prediction target as linear maps at a fixed noise level. */
interface TargetMaps {
  /** Divides z before the network sees it, where a target has a scale of its own (1/c_in). */
  inputDivisor?(alpha: tf.Tensor, sigma: tf.Tensor): tf.Tensor;
  of(x: tf.Tensor, eps: tf.Tensor, alpha: tf.Tensor, sigma: tf.Tensor): tf.Tensor;
  denoised(output: tf.Tensor, z: tf.Tensor, alpha: tf.Tensor, sigma: tf.Tensor): tf.Tensor;
}

const targets: { readonly [Name in Target]: (sigmaData: number) => TargetMaps } = {
  // Ho et al. 2020, equations 9 and 14.
  epsilon: () => ({
    of: (_x, eps) => eps,
    denoised: (output, z, alpha, sigma) => tf.div(tf.sub(z, tf.mul(output, sigma)), alpha),
  }),
  x0: () => ({
    of: (x) => x,
    denoised: (output) => output,
  }),
  // Salimans & Ho 2022, "Progressive Distillation for Fast Sampling of Diffusion Models",
  // section 4 and appendix D. Unlike ε it never divides by α, so it holds up in pure noise.
  v: () => ({
    of: (x, eps, alpha, sigma) => tf.sub(tf.mul(eps, alpha), tf.mul(x, sigma)),
    denoised: (output, z, alpha, sigma) => tf.sub(tf.mul(z, alpha), tf.mul(output, sigma)),
  }),
  // The velocity u = ε − x of straight lines (Liu et al. 2023, "Flow Straight and Fast").
  // The network sees flow's own point κz = (1−t)x + tε, and x̂ = κz − t û, with κ = 1/(α + σ).
  flow: () => ({
    inputDivisor: (alpha, sigma) => tf.add(alpha, sigma),
    of: (x, eps) => tf.sub(eps, x),
    denoised: (output, z, alpha, sigma) =>
      tf.div(tf.sub(z, tf.mul(output, sigma)), tf.add(alpha, sigma)),
  }),
  edm,
};

/**
 * EDM's preconditioned network F (Karras et al. 2022, equation 7 and table 1). Put in place of their
 * point z/α and their σ/α, with n = √(σ² + α² σ_data²), its coefficients are
 *
 *     c_skip = α σ_data²/n²    c_out = σ σ_data/n    c_in = 1/n
 *
 * so that F's target is (σ x/σ_data − α σ_data ε)/n, of unit variance at every level, and x̂ is finite
 * in pure noise. The part of their c_noise = γ/8 is taken by `noiseAngle`. At σ_data = 1 this is −v.
 */
function edm(sigmaData: number): TargetMaps {
  const n = (alpha: tf.Tensor, sigma: tf.Tensor) =>
    tf.sqrt(tf.add(tf.square(sigma), tf.square(tf.mul(alpha, sigmaData))));
  return {
    inputDivisor: n,
    of: (x, eps, alpha, sigma) =>
      tf.div(
        tf.sub(tf.mul(x, tf.div(sigma, sigmaData)), tf.mul(eps, tf.mul(alpha, sigmaData))),
        n(alpha, sigma),
      ),
    denoised: (output, z, alpha, sigma) => {
      const scale = n(alpha, sigma);
      const skip = tf.div(tf.mul(alpha, sigmaData ** 2), scale);
      return tf.div(tf.add(tf.mul(z, skip), tf.mul(output, tf.mul(sigma, sigmaData))), scale);
    },
  };
}

function mapsOf(objective: Target | Objective): TargetMaps {
  const { target, sigmaData } = objectiveOf(objective);
  return targets[target](sigmaData);
}

/**
 * What the network is given in place of z: c_in z, which is z itself but for "flow" and "edm".
 *
 * @param z Noisy points, [N, …].
 * @param alpha,sigma Amplitudes of each example, broadcastable to `z`: [N, 1, …].
 */
export function networkInput(
  objective: Target | Objective,
  z: tf.Tensor,
  alpha: tf.Tensor,
  sigma: tf.Tensor,
): tf.Tensor {
  const { inputDivisor } = mapsOf(objective);
  return inputDivisor ? tf.div(z, inputDivisor(alpha, sigma)) : z;
}

/**
 * The value a perfect network would output: ε, x, v = α ε − σ x, u = ε − x, or EDM's F.
 *
 * @param x Clean samples, [N, …].
 * @param eps The noise mixed into them, like `x`.
 * @param alpha,sigma Amplitudes of each example, broadcastable to `x`: [N, 1, …].
 */
export function targetOf(
  objective: Target | Objective,
  x: tf.Tensor,
  eps: tf.Tensor,
  alpha: tf.Tensor,
  sigma: tf.Tensor,
): tf.Tensor {
  return mapsOf(objective).of(x, eps, alpha, sigma);
}

/**
 * The clean sample that a network's output implies, x̂ = c_skip z + c_out · output: for ε
 * (z − σ ε̂)/α, for v α z − σ v̂.
 *
 * @param output What the network predicted, [N, …].
 * @param z The noisy points it predicted from, like `output`.
 * @param alpha,sigma Amplitudes of each example, broadcastable to `z`: [N, 1, …]. For ε, `alpha`
 * must not be zero.
 */
export function denoisedFrom(
  objective: Target | Objective,
  output: tf.Tensor,
  z: tf.Tensor,
  alpha: tf.Tensor,
  sigma: tf.Tensor,
): tf.Tensor {
  return mapsOf(objective).denoised(output, z, alpha, sigma);
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
  return tf.div(tf.sub(z, tf.mul(denoised, alpha)), sigma);
}
