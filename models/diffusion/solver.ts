/** What a solver is: steps as linear combinations, which the driver in `sample.ts` carries out. */
import type { SamplerName } from "./names/mod.ts";

/**
 * A point as a linear combination, `z`·z_t + `denoised`·x̂ + `previous`·x̂' + `noise`·ξ with ξ unit
 * normal and x̂' the estimate before x̂. The coefficients are float64 and depend on noise levels alone,
 * so a step can be compared with its paper digit by digit, and runs on any array.
 */
export interface Combination {
  readonly z: number;
  readonly denoised: number;
  /** Nothing of x̂' by default. */
  readonly previous?: number;
  readonly noise: number;
}

/** A move to more noise: γ reached, and the coefficients of the point and of fresh noise. */
export interface Raise {
  readonly gamma: number;
  readonly z: number;
  readonly noise: number;
}

/** One step: a combination of z_t and x̂(z_t), and what some solvers do before and after it. */
export interface Step extends Combination {
  /** First takes z_t up to a noisier level, at which x̂ is then asked for. */
  readonly raise?: Raise;
  /**
   * Asks for x̂ again at the point reached and replaces it: a combination of z_t, of the new x̂, and of
   * the first as `previous`.
   */
  readonly corrected?: Combination;
}

/** The coefficients of the step from noise level γ_t down to γ_s < γ_t; γ_s may be −∞. */
export type SolverStep = (gammaT: number, gammaS: number) => Step;

/** A way to go from noise to data. */
export interface Solver {
  readonly name: SamplerName;
  /** Order of convergence, with the probability-flow ODE or with the right distribution. */
  readonly order: 1 | 2;
  /** Calls of the denoiser in a step; the step to γ = −∞ needs one in any case. */
  readonly evaluations: 1 | 2;
  /** Whether steps add fresh noise. */
  readonly stochastic: boolean;
  /** Begins a trajectory. What a solver remembers between steps lives in the returned closure. */
  start(): SolverStep;
}
