/** Solvers of second order, for the probability-flow ODE and for the reverse SDE. */
import { UserError } from "../../engine/host/mod.ts";
import { churned, implicitStep } from "./first_order.ts";
import { alphaSigma } from "./notation.ts";
import type { Solver, SolverStep } from "./solver.ts";
import { type ViewName, viewScale } from "./views.ts";

/**
 * Heun's method in EDM's view: x' in σ' (Karras et al. 2022, algorithms 1 and 2).
 *
 * @param churn By how much each step first raises σ', with fresh noise (see `churned`).
 * @throws {UserError} In a step, where it starts from pure noise: there σ' is infinite.
 */
export function heun(churn = 0): Solver {
  const step = churned(heunStep("edm"), churn);
  return { name: "heun", order: 2, evaluations: 2, stochastic: churn > 0, start: () => step };
}

/** Heun's method for rectified flow: κz in t. Unlike {@link heun} it can start from pure noise. */
export function flowHeun(): Solver {
  return {
    name: "flow-heun",
    order: 2,
    evaluations: 2,
    stochastic: false,
    start: () => heunStep("flow"),
  };
}

/**
 * One step of Heun's method in a view. In either view the ODE is dz'/dτ = (dα'/dτ) x̂ + (dσ'/dτ) ε̂ with
 * α' and σ' linear in τ, so averaging the slopes at both ends and going back to z = z'/κ leaves Euler's
 * point z_s* plus
 *
 *     c (x̂(z_s*) − x̂(z_t))    c = ½ (κ_t/κ_s) (α_s σ_t/σ_s − α_t)
 */
function heunStep(view: ViewName): SolverStep {
  const scale = viewScale[view], euler = implicitStep(0);
  return (gammaT, gammaS) => {
    const predicted = euler(gammaT, gammaS);
    if (gammaS === -Infinity) return predicted; // no slope at σ' = 0
    if (scale(gammaT) === Infinity) {
      throw new UserError(
        'sampler is "heun" and levels start from pure noise (γ = +∞), where EDM\'s σ is infinite: ' +
          'use "flow-heun", or levels that start below',
      );
    }
    const t = alphaSigma(gammaT), s = alphaSigma(gammaS);
    const c = (s.alpha * t.sigma / s.sigma - t.alpha) * scale(gammaT) / scale(gammaS) / 2;
    return {
      ...predicted,
      corrected: { z: predicted.z, denoised: c, previous: predicted.denoised - c, noise: 0 },
    };
  };
}

/**
 * DPM-Solver++ (2M), which extrapolates from the estimate of the step before (Lu et al. 2022,
 * "DPM-Solver++", algorithm 2): with λ = −γ/2, h = λ_s − λ_t, r = h_before/h,
 *
 *     z_s = (σ_s/σ_t) z_t − α_s (e^−h − 1) D    D = (1 + 1/(2r)) x̂ − 1/(2r) x̂_before
 *
 * The first step, and one to γ = −∞, take D = x̂, which is DDIM.
 */
export function dpmpp2m(): Solver {
  return { ...multistep(0), name: "dpmpp-2m" };
}

/**
 * {@link dpmpp2m} for the reverse SDE, whose fresh noise takes the place of old errors (Lu et al. 2022,
 * appendix, "SDE-DPM-Solver++ (2M)", for η = 1; η as in k-diffusion's `sample_dpmpp_2m_sde`):
 *
 *     z_s = (σ_s/σ_t) e^−ηh z_t − α_s (e^−(1+η)h − 1) D + σ_s √(1 − e^−2ηh) ξ
 *
 * @param eta η in [0, 1]: 0 is {@link dpmpp2m}.
 * @throws {UserError} If `eta` is outside [0, 1].
 */
export function dpmpp2mSde(eta = 1): Solver {
  if (!(eta >= 0 && eta <= 1)) {
    throw new UserError(`eta is ${eta}: DPM-Solver++ takes a value from 0 (no noise) to 1`);
  }
  return { ...multistep(eta), name: "dpmpp-2m-sde" };
}

function multistep(eta: number): Omit<Solver, "name"> {
  // Not 0 · ∞, in a step from pure noise or to clean data.
  const decay = (h: number) => eta === 0 ? 0 : eta * h;
  return {
    order: 2,
    evaluations: 1,
    stochastic: eta > 0,
    start: () => {
      let hBefore: number | undefined;
      return (gammaT, gammaS) => {
        const t = alphaSigma(gammaT), s = alphaSigma(gammaS);
        const h = (gammaT - gammaS) / 2;
        const z = s.sigma / t.sigma * Math.exp(-decay(h));
        const ofD = -s.alpha * Math.expm1(-h - decay(h));
        const noise = s.sigma * Math.sqrt(-Math.expm1(-2 * decay(h)));
        // After a step from pure noise, h_before is ∞ and nothing is extrapolated.
        const half = hBefore === undefined || h === Infinity ? 0 : h / hBefore / 2; // 1/(2r)
        hBefore = h;
        return { z, denoised: (1 + half) * ofD, previous: -half * ofD, noise };
      };
    },
  };
}
