/** The noise levels that a sampler with finitely many steps stops at. */
import type { NoiseRange } from "./bound.ts";

/**
 * A walk of T = `steps` steps through a range of levels, as levels over time: all times of a step are
 * at the level that the step leaves, γ(t) = γ_k for k = ⌈Tt⌉ and γ_k the range's level at k/T.
 *
 * With the slope T(e^{γ_k − γ_{k−1}} − 1), the weight ½ γ'(t) e^{−γ(t)} of the continuous bound is
 * ½ T (SNR_{k−1} − SNR_k): the bound under this "range" is that of the T steps (VDM, equation 13;
 * `discreteDiffusion` is its diffusion term), with the same cleanest and noisiest levels. It is that
 * of ancestral sampling (ddpm) at temperature 1.
 *
 * @param steps A whole number from 1.
 */
export function finiteWalk(range: NoiseRange, steps: number): NoiseRange {
  const stepOf = (t: number) => Math.min(steps, Math.max(1, Math.ceil(steps * t)));
  return {
    gamma: (t) => range.gamma(t <= 0 ? 0 : stepOf(t) / steps),
    slope(t) {
      const k = stepOf(t);
      return steps * Math.expm1(range.gamma(k / steps) - range.gamma((k - 1) / steps));
    },
  };
}
