/** The formulas behind the named schedules, continuous in time. */
import { gammaOfAlphaCumprod } from "./notation.ts";
import { gammaOfEdmSigma, gammaOfFlowTime } from "./views.ts";

/** γ(t) on [0, 1] and one sentence for people. */
export interface Definition {
  readonly gamma: (t: number) => number;
  readonly description: string;
}

/**
 * Number of steps of the discrete schedules that the continuous ones follow: their first and last
 * levels are those of the papers' T = 1000, which keeps γ(0) finite.
 */
const discreteSteps = 1000;

/** Position on the continuous time axis of the papers, u in (0, 1], of discrete step k = t·(T − 1). */
function discreteTime(t: number): number {
  return (1 + t * (discreteSteps - 1)) / discreteSteps;
}

/** β(0) and β(1) of the linear schedules: 1e-4 and 2e-2 in each of 1000 steps. */
export const betaMin = 0.1;
export const betaMax = 20;

/** γ where the papers integrate β: log ᾱ(u) = −∫₀ᵘ β. */
function fromBetaIntegral(integral: (u: number) => number): (t: number) => number {
  return (t) => Math.log(Math.expm1(integral(discreteTime(t))));
}

/**
 * ∫β for β(u) = β_min + u (β_max − β_min) (Song et al. 2021, "Score-Based Generative Modeling
 * through Stochastic Differential Equations", equation 33).
 */
function linearBetaIntegral(u: number): number {
  return u * u * (betaMax - betaMin) / 2 + u * betaMin;
}

/** ∫β for √β linear in u, as in Rombach et al. 2022 ("Latent Diffusion Models"). */
function scaledLinearBetaIntegral(u: number): number {
  const from = Math.sqrt(betaMin), rise = Math.sqrt(betaMax) - from;
  return ((from + u * rise) ** 3 - from ** 3) / (3 * rise);
}

/**
 * γ where the papers give ᾱ(u) = f(u)/f(0). Where f reaches zero, they keep the end finite by
 * limiting the last β to 0.999; here u stops one discrete step before 1, at the last level that this
 * limit does not touch.
 */
function fromSignal(signal: (u: number) => number): (t: number) => number {
  return (t) => {
    const u = discreteTime(t * (discreteSteps - 2) / (discreteSteps - 1));
    return gammaOfAlphaCumprod(signal(u) / signal(0));
  };
}

const cosineOffset = 0.008;

/** f(u) of Nichol & Dhariwal 2021, "Improved Denoising Diffusion Probabilistic Models", equation 17. */
export function cosineSignal(u: number): number {
  return Math.cos((u + cosineOffset) / (1 + cosineOffset) * Math.PI / 2) ** 2;
}

/**
 * A logistic curve from 1 down to 0 (Jabri et al. 2023, "Scalable Adaptive Computation for Iterative
 * Generation": start −3, end 3, τ = 1).
 */
export function sigmoidSignal(u: number): number {
  const logistic = (x: number) => 1 / (1 + Math.exp(-x));
  return (logistic(3) - logistic(6 * u - 3)) / (logistic(3) - logistic(-3));
}

/** 1 − √(u + 1e-4) (Li et al. 2022, "Diffusion-LM Improves Controllable Text Generation", appendix A). */
export function sqrtSignal(u: number): number {
  return 1 - Math.sqrt(u + 1e-4);
}

/**
 * The noise levels that EDM samples at, made continuous: σ' = (a + t (b − a))^ρ with
 * a = σ_min^(1/ρ), b = σ_max^(1/ρ) (Karras et al. 2022, "Elucidating the Design Space of
 * Diffusion-Based Generative Models", equation 5).
 */
export function karrasSigma(t: number, sigmaMin: number, sigmaMax: number, rho: number): number {
  const a = sigmaMin ** (1 / rho), b = sigmaMax ** (1 / rho);
  return (a + t * (b - a)) ** rho;
}

export const definitions = {
  linear: {
    gamma: fromBetaIntegral(linearBetaIntegral),
    description: "Variance β grows linearly from 1e-4 to 2e-2 over 1000 steps (Ho et al. 2020); " +
      "much of the noisy half carries almost no signal",
  },
  "scaled-linear": {
    gamma: fromBetaIntegral(scaledLinearBetaIntegral),
    description: "√β grows linearly, β from 1e-4 to 2e-2 over 1000 steps (Rombach et al. 2022); " +
      "slower to drown the signal than linear, and it leaves more of it at the end",
  },
  cosine: {
    gamma: fromSignal(cosineSignal),
    description: "Signal α falls as a quarter of a cosine wave, offset 0.008 (Nichol & Dhariwal " +
      "2021); noise levels are spread evenly over the angle atan(σ/α)",
  },
  sigmoid: {
    gamma: fromSignal(sigmoidSignal),
    description:
      "ᾱ falls as a logistic curve from −3 to 3 (Jabri et al. 2023); most times lie at " +
      "middle noise levels, few at either end",
  },
  sqrt: {
    gamma: fromSignal(sqrtSignal),
    description: "ᾱ = 1 − √t (Li et al. 2022, Diffusion-LM); noise rises fast at the clean end, " +
      "where embeddings of words are still told apart",
  },
  edm: {
    gamma: (t: number) => gammaOfEdmSigma(karrasSigma(t, 0.002, 80, 7)),
    description: "σ/α from 0.002 to 80, its 7th root even in time (Karras et al. 2022); many " +
      "levels lie at the clean end, as suits sampling",
  },
  flow: {
    gamma: (t: number) => gammaOfFlowTime(discreteTime(t)),
    description: "Straight lines from data to noise, σ/(α + σ) = t (rectified flow, Liu et al. " +
      "2023); ends in pure noise",
  },
} satisfies Record<string, Definition>;
