/**
 * Samplers: algorithms that lead from noise to data in steps of decreasing noise.
 *
 * Each sampler is one entry of {@link samplers}, written in the formula of its paper. A step from noise level
 * γ_t down to γ_s is a linear combination of the point z_t, the denoised estimate x̂ and fresh noise,
 * whose coefficients depend on the noise levels alone. They are float64 numbers, so a step can be
 * compared with its paper digit by digit and applies to arrays of any kind; `sample.ts` applies the
 * steps.
 *
 * Symbols beside those of `notation.ts`: λ = −γ/2 = log(α/σ), h = λ_s − λ_t.
 *
 * To add a sampler, add an entry. Names, options, ranges, help texts and tests derive from it, by way of
 * `sampler_options.ts`.
 */
import { z } from "zod";
import { UserError } from "../../engine/host/mod.ts";
import {
  alphaSigma,
  type NoiseIncrease,
  noiseIncrease,
  type ViewName,
  viewScale,
} from "./notation.ts";

/**
 * A point as a linear combination, `z`·z_t + `denoised`·x̂ + `previous`·x̂' + `noise`·ξ with ξ unit
 * normal and x̂' the estimate before x̂.
 */
export interface Combination {
  readonly z: number;
  readonly denoised: number;
  /** By default 0. */
  readonly previous?: number;
  readonly noise: number;
}

/** One step: a combination of z_t and x̂(z_t), and what some samplers do before and after it. */
export interface StepCoefficients extends Combination {
  /** Before the step, adds noise to z_t up to a higher noise level, at which x̂ is then evaluated. */
  readonly raise?: NoiseIncrease;
  /**
   * Evaluates the denoiser again at the point that was reached, and replaces this point: by a combination
   * of z_t, of the new x̂, and of the first one as `previous`.
   */
  readonly corrected?: Combination;
}

/** Returns the coefficients of the step from noise level γ_t down to γ_s < γ_t; γ_s may be −∞. */
export type SolverStep = (gammaT: number, gammaS: number) => StepCoefficients;

/** An entry of {@link samplers}. */
export interface SamplerEntry<Shape extends z.ZodRawShape> {
  /** A short description. */
  readonly description: string;
  readonly citation: string;
  /** Order of convergence to the solution of the probability-flow ODE, or to its distribution. */
  readonly order: 1 | 2;
  /** Evaluations of the denoiser in a step. The step to γ = −∞ always takes one. */
  readonly evaluations: 1 | 2;
  /** Whether σ/α must be finite at the start, so that it cannot start from pure noise. */
  readonly finiteStart?: boolean;
  /** Its own options, with ranges and defaults. */
  readonly options: z.ZodObject<Shape>;
  /** Whether steps add fresh noise. */
  stochastic(options: z.output<z.ZodObject<Shape>>): boolean;
  /** Begins a trajectory. The state between its steps is held by the function that is returned. */
  start(options: z.output<z.ZodObject<Shape>>): SolverStep;
}

/** Gives the entry's functions the types of its options. */
function sampler<Shape extends z.ZodRawShape>(entry: SamplerEntry<Shape>): SamplerEntry<Shape> {
  return entry;
}

/** η: 0 follows the probability-flow ODE without noise, 1 adds as much noise as DDPM. */
const eta = z.number().min(0).max(1).describe(
  "Fresh noise in each step, 0 (none) to 1 (as DDPM)",
);

/** The γ_i of Karras et al. 2022, algorithm 2 (S_churn/N); √2 − 1 is the paper's bound. */
const churn = z.number().min(0).max(Math.SQRT2 - 1).describe(
  "Relative rise of sigma before each step, 0 to 0.4142",
);

export const samplers = {
  /**
   * Ancestral sampling from q(z_s | z_t, x̂) (Ho et al. 2020, algorithm 2 and equations 6-7, in the
   * continuous form of Kingma et al. 2021, appendix A.2): with c = 1 − SNR_t/SNR_s,
   *
   *     z_s = (1−c) (α_s/α_t) z_t + c α_s x̂ + √(c σ²) ξ
   *
   * where σ is σ_s for the variance β̃, right for data at a point, and σ_t for β, right for unit normal
   * data (Ho et al. 2020, section 3.2).
   */
  ddpm: sampler({
    description: "ancestral sampling, which adds noise in every step; good with many steps",
    citation: "Ho et al. 2020",
    order: 1,
    evaluations: 1,
    options: z.strictObject({
      variance: z.enum(["small", "large"]).describe("Variance of the noise").default("small"),
    }),
    stochastic: () => true,
    start: ({ variance }) => (gammaT, gammaS) => {
      const t = alphaSigma(gammaT), s = alphaSigma(gammaS);
      const c = -Math.expm1(gammaS - gammaT);
      // The step that arrives at clean data is x̂ itself under either variance.
      const sigma = variance === "small" || s.sigma === 0 ? s.sigma : t.sigma;
      return {
        // (1−c)·α_s/α_t, written so that it holds for α_t = 0 too.
        z: t.alpha / s.alpha * (s.sigma / t.sigma) ** 2,
        denoised: c * s.alpha,
        noise: Math.sqrt(c) * sigma,
      };
    },
  }),

  /** Song et al. 2021, "Denoising Diffusion Implicit Models", see {@link implicitStep}. */
  ddim: sampler({
    description: "deterministic by default, and good in few steps",
    citation: "Song et al. 2021",
    order: 1,
    evaluations: 1,
    options: z.strictObject({ eta: eta.default(0) }),
    stochastic: ({ eta }) => eta > 0,
    start: ({ eta }) => implicitStep(eta),
  }),

  /**
   * Euler's method for the probability-flow ODE. In EDM's view the slope is ε̂ in σ' (Karras et al.
   * 2022, algorithm 1), in flow's view it is û = ε̂ − x̂ in t. Both hold x̂ and ε̂ constant over the step,
   * so both equal DDIM at η = 0.
   */
  euler: sampler({
    description: "Euler's method for the probability-flow ODE, with optional churn",
    citation: "Karras et al. 2022",
    order: 1,
    evaluations: 1,
    options: z.strictObject({ churn: churn.default(0) }),
    stochastic: ({ churn }) => churn > 0,
    start: ({ churn }) => churned(implicitStep(0), churn),
  }),

  /**
   * Euler's method to a level below γ_s, from which fresh noise leads up to γ_s, with k-diffusion's η
   * (`sample_euler_ancestral`). Its σ_up is DDIM's σ_η in EDM's view, so this is DDIM with another
   * default of η.
   */
  "euler-ancestral": sampler({
    description: "Euler's method with fresh noise in every step",
    citation: "k-diffusion",
    order: 1,
    evaluations: 1,
    options: z.strictObject({ eta: eta.default(1) }),
    stochastic: ({ eta }) => eta > 0,
    start: ({ eta }) => implicitStep(eta),
  }),

  /** Heun's method in EDM's view: x' in σ' (Karras et al. 2022, algorithms 1 and 2). */
  heun: sampler({
    description: "Heun's method in EDM's sigma, of second order; cannot start from pure noise",
    citation: "Karras et al. 2022",
    order: 2,
    evaluations: 2,
    finiteStart: true,
    options: z.strictObject({ churn: churn.default(0) }),
    stochastic: ({ churn }) => churn > 0,
    start: ({ churn }) => churned(heunStep("edm"), churn),
  }),

  /** Heun's method for rectified flow: κz in t. Unlike `heun` it can start from pure noise. */
  "flow-heun": sampler({
    description: "Heun's method in rectified flow's time, of second order",
    citation: "Liu et al. 2023",
    order: 2,
    evaluations: 2,
    options: z.strictObject({}),
    stochastic: () => false,
    start: () => heunStep("flow"),
  }),

  /** Lu et al. 2022, "DPM-Solver++", algorithm 2, see {@link multistep} at η = 0. */
  "dpmpp-2m": sampler({
    description: "DPM-Solver++ (2M), of second order at one evaluation a step",
    citation: "Lu et al. 2022",
    order: 2,
    evaluations: 1,
    options: z.strictObject({}),
    stochastic: () => false,
    start: () => multistep(0),
  }),

  /**
   * The same for the reverse SDE, whose fresh noise takes the place of old errors (Lu et al. 2022,
   * appendix, "SDE-DPM-Solver++ (2M)", for η = 1; η as in k-diffusion's `sample_dpmpp_2m_sde`).
   */
  "dpmpp-2m-sde": sampler({
    description: "DPM-Solver++ (2M) with fresh noise in every step",
    citation: "Lu et al. 2022",
    order: 2,
    evaluations: 1,
    options: z.strictObject({ eta: eta.default(1) }),
    stochastic: ({ eta }) => eta > 0,
    start: ({ eta }) => multistep(eta),
  }),
};

export type SamplerName = keyof typeof samplers;
export const samplerNames = Object.keys(samplers) as [SamplerName, ...SamplerName[]];

/**
 * DDIM's step (Song et al. 2021, equations 12 and 16), with ε̂ = (z_t − α_t x̂)/σ_t:
 *
 *     z_s = α_s x̂ + √(σ_s² − σ_η²) ε̂ + σ_η ξ    σ_η = η √((1−ᾱ_s)/(1−ᾱ_t)) √(1 − ᾱ_t/ᾱ_s)
 *
 * At η = 1 it is that of `ddpm` with its small variance.
 */
function implicitStep(eta: number): SolverStep {
  return (gammaT, gammaS) => {
    const t = alphaSigma(gammaT), s = alphaSigma(gammaS);
    // σ_η in these terms: η σ_s √(1 − SNR_t/SNR_s).
    const noise = eta * s.sigma * Math.sqrt(-Math.expm1(gammaS - gammaT));
    const direction = Math.sqrt(s.sigma ** 2 - noise ** 2);
    return {
      z: direction / t.sigma,
      denoised: s.alpha - direction * t.alpha / t.sigma,
      noise,
    };
  };
}

/**
 * Adds noise at the beginning of every step, from σ' up to (1 + churn) σ' (Karras et al. 2022,
 * algorithm 2, lines 4-6).
 */
function churned(step: SolverStep, churn: number): SolverStep {
  if (churn === 0) return step;
  return (gammaT, gammaS) => {
    if (gammaT === Infinity) return step(gammaT, gammaS);
    const raised = gammaT + 2 * Math.log1p(churn);
    return { ...step(raised, gammaS), raise: noiseIncrease(gammaT, raised) };
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
  const kappa = viewScale[view], euler = implicitStep(0);
  return (gammaT, gammaS) => {
    const predicted = euler(gammaT, gammaS);
    if (gammaS === -Infinity) return predicted; // no slope at σ' = 0
    if (kappa(gammaT) === Infinity) {
      throw new UserError(
        'sampler is "heun" and levels start from pure noise (γ = +∞), where EDM\'s σ is infinite: ' +
          'use "flow-heun", or levels that start below',
      );
    }
    const t = alphaSigma(gammaT), s = alphaSigma(gammaS);
    const c = (s.alpha * t.sigma / s.sigma - t.alpha) * kappa(gammaT) / kappa(gammaS) / 2;
    return {
      ...predicted,
      corrected: { z: predicted.z, denoised: c, previous: predicted.denoised - c, noise: 0 },
    };
  };
}

/**
 * DPM-Solver++ (2M), which extrapolates from the estimate of the step before: with r = h_before/h,
 *
 *     z_s = (σ_s/σ_t) e^−ηh z_t − α_s (e^−(1+η)h − 1) D + σ_s √(1 − e^−2ηh) ξ
 *     D = (1 + 1/(2r)) x̂ − 1/(2r) x̂_before
 *
 * The first step, and one to γ = −∞, take D = x̂, which is DDIM.
 */
function multistep(eta: number): SolverStep {
  // Not 0 · ∞, in a step from pure noise or to clean data.
  const decay = (h: number) => eta === 0 ? 0 : eta * h;
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
}
