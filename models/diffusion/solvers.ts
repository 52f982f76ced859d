import { UserError } from "../../engine/mod.ts";
import { alphaSigma } from "./notation.ts";

/** The samplers that can be named in a configuration. */
export const samplerNames = ["ddpm", "ddim"] as const;
export type SamplerName = typeof samplerNames[number];

/**
 * One solver step as a linear combination, z_s = `z`·z_t + `denoised`·x̂ + `noise`·ξ with ξ unit
 * normal. The coefficients are float64 and depend on noise levels alone, so a step can be compared
 * with its paper digit by digit, and runs on any array.
 */
export interface Combination {
  readonly z: number;
  readonly denoised: number;
  readonly noise: number;
}

/** The coefficients of the step from noise level γ_t down to γ_s < γ_t; γ_s may be −∞. */
export type SolverStep = (gammaT: number, gammaS: number) => Combination;

/** A way to go from noise to data. */
export interface Solver {
  readonly name: SamplerName;
  /** Whether steps add fresh noise. */
  readonly stochastic: boolean;
  /** Begins a trajectory. What a solver remembers between steps lives in the returned closure. */
  start(): SolverStep;
}

/** Which variance the ancestral sampler adds: β̃, right for data at a point, or β, right for unit
 * normal data (Ho et al. 2020, section 3.2). */
export type AncestralVariance = "small" | "large";

/**
 * Ancestral sampling from q(z_s | z_t, x̂) (Ho et al. 2020, algorithm 2 and equations 6-7, in the
 * continuous form of Kingma et al. 2021, appendix A.2):
 * with c = 1 − SNR_t/SNR_s, z_s = (1−c)(α_s/α_t) z_t + c α_s x̂ + √(c σ_s²) ξ.
 */
export function ddpm(variance: AncestralVariance = "small"): Solver {
  return {
    name: "ddpm",
    stochastic: true,
    start: () => (gammaT, gammaS) => {
      const t = alphaSigma(gammaT), s = alphaSigma(gammaS);
      const c = -Math.expm1(gammaS - gammaT);
      // The step that arrives at clean data is x̂ itself under either variance.
      const deviation = variance === "small" || s.sigma === 0 ? s.sigma : t.sigma;
      return {
        // (1−c)·α_s/α_t, written so that it holds for α_t = 0 too.
        z: t.alpha / s.alpha * (s.sigma / t.sigma) ** 2,
        denoised: c * s.alpha,
        noise: Math.sqrt(c) * deviation,
      };
    },
  };
}

/**
 * DDIM (Song et al. 2021, "Denoising Diffusion Implicit Models", equations 12 and 16):
 * z_s = α_s x̂ + √(σ_s² − σ_η²) ε̂ + σ_η ξ with ε̂ = (z_t − α_t x̂)/σ_t.
 *
 * @param eta η in [0, 1]: 0 follows the probability-flow ODE without noise, 1 is {@link ddpm} with
 * its small variance.
 * @throws {UserError} If `eta` is outside [0, 1].
 */
export function ddim(eta = 0): Solver {
  if (!(eta >= 0 && eta <= 1)) {
    throw new UserError(`eta is ${eta}: DDIM takes a value from 0 (no noise) to 1 (as DDPM)`);
  }
  return {
    name: "ddim",
    stochastic: eta > 0,
    start: () => (gammaT, gammaS) => {
      const t = alphaSigma(gammaT), s = alphaSigma(gammaS);
      // Equation 16 in these terms: √((1−ᾱ_s)/(1−ᾱ_t) · (1 − ᾱ_t/ᾱ_s)) = σ_s √(1 − SNR_t/SNR_s).
      const noise = eta * s.sigma * Math.sqrt(-Math.expm1(gammaS - gammaT));
      const direction = Math.sqrt(s.sigma ** 2 - noise ** 2);
      return {
        z: direction / t.sigma,
        denoised: s.alpha - direction * t.alpha / t.sigma,
        noise,
      };
    },
  };
}
