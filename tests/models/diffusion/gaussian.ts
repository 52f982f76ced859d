/**
 * The problem whose answers are known: x ~ N(μ, s²) in each dimension. The exact denoiser and the
 * exact solution of the probability-flow ODE are linear in z.
 */
import type { Solver } from "../../../models/diffusion/sampler_options.ts";
import type { Points } from "../../../models/diffusion/notation.ts";
import { alphaSigma } from "../../../models/diffusion/mod.ts";
import type { Denoise } from "../../../models/diffusion/sample.ts";

export interface Gaussian {
  readonly mu: ArrayLike<number>;
  readonly s: number;
}

/** E[x | z] = μ + k (z − α μ). */
export function posteriorGain(s: number, gamma: number): number {
  const { alpha, sigma } = alphaSigma(gamma);
  return alpha * s ** 2 / (alpha ** 2 * s ** 2 + sigma ** 2);
}

/** The exact denoiser; μ repeats along the flattened points. */
export function exactDenoiser<P extends Points = Float32Array>({ mu, s }: Gaussian): Denoise<P> {
  return (z, gamma) => {
    const { alpha } = alphaSigma(gamma), gain = posteriorGain(s, gamma);
    return Promise.resolve(z.map((value, i) => {
      const mean = mu[i % mu.length]!;
      return mean + gain * (value - alpha * mean);
    }) as P);
  };
}

/** Where the probability-flow ODE takes z from γ_t to γ_s: the same quantile of z's marginal. */
export function exactFlow({ mu, s }: Gaussian, z: Points, gammaT: number, gammaS: number) {
  const t = alphaSigma(gammaT), to = alphaSigma(gammaS);
  const spread = Math.hypot(to.alpha * s, to.sigma) / Math.hypot(t.alpha * s, t.sigma);
  return z.map((value, i) => {
    const mean = mu[i % mu.length]!;
    return to.alpha * mean + (value - t.alpha * mean) * spread;
  });
}

/**
 * The variance that a solver really ends with when it starts from unit normal noise and follows `levels` with
 * the exact denoiser of N(μ, s²): every step is linear in z and in the estimate before, so it follows
 * from the coefficients.
 */
export function linearVariance(solver: Solver, s: number, levels: readonly number[]): number {
  const advance = solver.start();
  // Of z; of the estimate before, and of both together, which count for solvers that remember it.
  let variance = 1, ofPrevious = 0, together = 0;
  for (let i = 1; i < levels.length; i++) {
    const [from, to] = [levels[i - 1]!, levels[i]!];
    const step = advance(from, to);
    if (step.raise) {
      variance = step.raise.z ** 2 * variance + step.raise.noise ** 2;
      together *= step.raise.z;
    }
    const gain = posteriorGain(s, step.raise?.gamma ?? from);
    let factor = step.z + step.denoised * gain, remembered = step.previous ?? 0;
    if (step.corrected) {
      const { z, denoised, previous = 0 } = step.corrected;
      factor = z + denoised * posteriorGain(s, to) * factor + previous * gain;
      remembered = 0;
    }
    const before = variance;
    variance = factor ** 2 * before + 2 * factor * remembered * together +
      remembered ** 2 * ofPrevious + step.noise ** 2;
    together = gain * (factor * before + remembered * together);
    ofPrevious = gain ** 2 * before;
  }
  return variance;
}
