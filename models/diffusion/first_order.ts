/** Solvers of one evaluation per step and no memory. */
import { UserError } from "../../engine/host/mod.ts";
import { alphaSigma } from "./notation.ts";
import { raiseTo } from "./process.ts";
import type { Combination, Solver, SolverStep, Step } from "./solver.ts";

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
    order: 1,
    evaluations: 1,
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
  return { ...implicit(eta), name: "ddim" };
}

/**
 * Euler's method for the probability-flow ODE. In EDM's view the slope is ε̂ in σ' (Karras et al. 2022,
 * algorithm 1), in flow's it is û = ε̂ − x̂ in t; both keep x̂ and ε̂ for the length of the step, and so
 * both are {@link ddim} at η = 0.
 *
 * @param churn By how much each step first raises σ', with fresh noise (see {@link churned}).
 */
export function euler(churn = 0): Solver {
  const step = churned(implicitStep(0), churn);
  return { ...implicit(0), name: "euler", stochastic: churn > 0, start: () => step };
}

/**
 * Euler's method to a level below γ_s, from which fresh noise leads up to γ_s, with k-diffusion's η
 * (`sample_euler_ancestral`). Their σ_up is DDIM's σ_η in EDM's view, so this is {@link ddim} at
 * η = 1 unless told otherwise.
 */
export function eulerAncestral(eta = 1): Solver {
  return { ...implicit(eta), name: "euler-ancestral" };
}

function implicit(eta: number): Omit<Solver, "name"> {
  if (!(eta >= 0 && eta <= 1)) {
    throw new UserError(`eta is ${eta}: DDIM takes a value from 0 (no noise) to 1 (as DDPM)`);
  }
  return { order: 1, evaluations: 1, stochastic: eta > 0, start: () => implicitStep(eta) };
}

/** The coefficients of DDIM's step from γ_t to γ_s. */
export function implicitStep(eta: number): (gammaT: number, gammaS: number) => Combination {
  return (gammaT, gammaS) => {
    const t = alphaSigma(gammaT), s = alphaSigma(gammaS);
    // Equation 16 in these terms: √((1−ᾱ_s)/(1−ᾱ_t) · (1 − ᾱ_t/ᾱ_s)) = σ_s √(1 − SNR_t/SNR_s).
    const noise = eta * s.sigma * Math.sqrt(-Math.expm1(gammaS - gammaT));
    const direction = Math.sqrt(s.sigma ** 2 - noise ** 2);
    return {
      z: direction / t.sigma,
      denoised: s.alpha - direction * t.alpha / t.sigma,
      noise,
    };
  };
}

const largestChurn = Math.SQRT2 - 1;

/**
 * Lets every step begin by adding noise, from σ' up to (1 + churn) σ' (Karras et al. 2022,
 * algorithm 2, lines 4-6; `churn` is the γ_i of the paper, S_churn/N).
 *
 * @throws {UserError} If `churn` is outside [0, √2 − 1], the paper's bound.
 */
export function churned(step: SolverStep, churn: number): SolverStep {
  if (!(churn >= 0 && churn <= largestChurn)) {
    throw new UserError(
      `churn is ${churn}: a step raises sigma by a part from 0 to ${largestChurn.toFixed(4)}`,
    );
  }
  if (churn === 0) return step;
  return (gammaT, gammaS): Step => {
    if (gammaT === Infinity) return step(gammaT, gammaS);
    const raised = gammaT + 2 * Math.log1p(churn);
    return { ...step(raised, gammaS), raise: raiseTo(gammaT, raised) };
  };
}
