import { gammaOfAlphaCumprod } from "./notation.ts";

/** The schedules that can be named in a configuration. */
export const scheduleNames = ["linear", "cosine"] as const;
export type ScheduleName = typeof scheduleNames[number];

/** How the noise level grows with time. */
export interface Schedule {
  readonly name: ScheduleName;
  /** γ(t) = −log SNR(t): strictly increasing on [0, 1], finite at both ends. */
  gamma(t: number): number;
  /** One sentence for people. */
  readonly description: string;
}

/**
 * Number of steps of the discrete schedules that the continuous ones follow: their first and last
 * levels are those of the papers' T = 1000, which keeps γ finite at both ends.
 */
const discreteSteps = 1000;

/** Position on the continuous time axis of the papers, u in (0, 1], of discrete step k = t·(T − 1). */
function discreteTime(t: number): number {
  return (1 + t * (discreteSteps - 1)) / discreteSteps;
}

const betaMin = 0.1; // 1e-4 · 1000 steps
const betaMax = 20; // 2e-2 · 1000 steps

/**
 * Closed form of the linear schedule: β(u) = β_min + u (β_max − β_min), so that
 * log ᾱ(u) = −½ u² (β_max − β_min) − u β_min (Song et al. 2021, "Score-Based Generative Modeling
 * through Stochastic Differential Equations", equation 33). It is the limit T → ∞ of
 * {@link alphasCumprod}.
 */
function linearGamma(t: number): number {
  const u = discreteTime(t);
  return Math.log(Math.expm1(u * u * (betaMax - betaMin) / 2 + u * betaMin));
}

const cosineOffset = 0.008;

/** f(u) of Nichol & Dhariwal 2021, equation 17. */
function cosineSignal(u: number): number {
  return Math.cos((u + cosineOffset) / (1 + cosineOffset) * Math.PI / 2) ** 2;
}

/**
 * ᾱ(u) = f(u)/f(0) (Nichol & Dhariwal 2021, "Improved Denoising Diffusion Probabilistic Models",
 * equation 17). Where the paper keeps the end finite by limiting the last β to 0.999, u stops one
 * discrete step before 1, at the last level that this limit does not touch.
 */
function cosineGamma(t: number): number {
  const u = discreteTime(t * (discreteSteps - 2) / (discreteSteps - 1));
  return gammaOfAlphaCumprod(cosineSignal(u) / cosineSignal(0));
}

/**
 * Checks what everything built on a schedule takes for granted, once, when it is defined.
 *
 * @throws {RangeError} If γ is not strictly increasing on [0, 1] or not finite at an end.
 */
export function defineSchedule(schedule: Schedule): Schedule {
  const points = 256;
  let previous = -Infinity;
  for (let i = 0; i <= points; i++) {
    const gamma = schedule.gamma(i / points);
    if (!(gamma > previous) || !Number.isFinite(gamma)) {
      throw new RangeError(
        `Schedule ${schedule.name}: γ(${i / points}) = ${gamma} after ${previous}, but γ must be ` +
          "finite and strictly increasing",
      );
    }
    previous = gamma;
  }
  return schedule;
}

const schedules: { readonly [Name in ScheduleName]: Schedule } = {
  linear: defineSchedule({
    name: "linear",
    gamma: linearGamma,
    description: "Variance β grows linearly from 1e-4 to 2e-2 over 1000 steps (Ho et al. 2020); " +
      "much of the noisy half carries almost no signal",
  }),
  cosine: defineSchedule({
    name: "cosine",
    gamma: cosineGamma,
    description: "Signal α falls as a quarter of a cosine wave, offset 0.008 (Nichol & Dhariwal " +
      "2021); noise levels are spread evenly over the angle atan(σ/α)",
  }),
};

/** The schedule of this name. */
export function schedule(name: ScheduleName): Schedule {
  return schedules[name];
}

/**
 * The discrete view of the papers: ᾱ_k = Π_{i≤k} (1 − β_i) for k = 0 … T − 1.
 *
 * Linear: β from 1e-4 to 2e-2, scaled by 1000/T (Ho et al. 2020, section 4). Cosine:
 * β_k = 1 − f((k+1)/T)/f(k/T), at most 0.999 (Nichol & Dhariwal 2021, equation 17).
 *
 * @param steps T, at least 2.
 */
export function alphasCumprod(name: ScheduleName, steps = 1000): Float64Array {
  const beta = discreteBetas[name];
  const result = new Float64Array(steps);
  let product = 1;
  for (let k = 0; k < steps; k++) {
    product *= 1 - beta(k, steps);
    result[k] = product;
  }
  return result;
}

const discreteBetas: { readonly [Name in ScheduleName]: (k: number, steps: number) => number } = {
  linear: (k, steps) => (betaMin + k / (steps - 1) * (betaMax - betaMin)) / steps,
  cosine: (k, steps) =>
    Math.min(1 - cosineSignal((k + 1) / steps) / cosineSignal(k / steps), 0.999),
};
