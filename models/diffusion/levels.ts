/** The distribution of noise levels in training, and their spacing in sampling. */
import { z } from "zod";
import { RefusedValue } from "../../engine/host/mod.ts";
import { edmSigma, gammaOfEdmSigma } from "./notation.ts";
import { karrasSigma, type Schedule } from "./schedules.ts";

/** A distribution of noise levels in training. */
interface LevelDistribution {
  readonly description: string;
  /** The quantile function of γ, increasing in u ∈ [0, 1). */
  readonly quantile: (u: number, schedule: Schedule) => number;
}

export const levelDistributions = {
  uniform: {
    description: "uniform in the schedule's time",
    quantile: (u, schedule) => schedule.gamma(u),
  },
  /** logit t ~ N(0, 1) (Esser et al. 2024, "Scaling Rectified Flow Transformers", equation 19). */
  "logit-normal": {
    description: "logit-normal in the schedule's time: more of its middle",
    quantile: (u, schedule) => schedule.gamma(1 / (1 + Math.exp(-normal(u)))),
  },
  /** ln σ' ~ N(−1.2, 1.2²) (Karras et al. 2022, table 1). */
  "log-normal": {
    description: "EDM's log-normal in sigma, whatever the schedule",
    quantile: (u) => gammaOfEdmSigma(Math.exp(-1.2 + 1.2 * normal(u))),
  },
} as const satisfies Record<string, LevelDistribution>;

export type TimeSampling = keyof typeof levelDistributions;
export const timeSamplingNames = Object.keys(levelDistributions) as [
  TimeSampling,
  ...TimeSampling[],
];

/** Returns the quantile function of the training levels: u ∈ [0, 1) → γ, increasing. */
export function trainingLevel(
  schedule: Schedule,
  sampling: TimeSampling = "uniform",
): (u: number) => number {
  const { quantile } = levelDistributions[sampling];
  return (u) => quantile(u, schedule);
}

/** The normal quantile of a 24-bit uniform number, kept half a unit away from 0, whose quantile is −∞. */
function normal(u: number): number {
  return normalQuantile(Math.min(Math.max(u, 2 ** -25), 1 - 2 ** -25));
}

/**
 * Returns stratified times for the examples of a batch: t_i = (offset + i/N) mod 1.
 *
 * If the offset is uniform in [0, 1), each t_i is uniform, and the loss of a batch has a much lower variance
 * than with independent times (Kingma et al. 2021, appendix I.1). Other distributions of levels apply
 * {@link trainingLevel} to these times.
 *
 * @param offset One random number for the batch, in [0, 1).
 * @param count N, the number of examples.
 */
export function stratifiedTimes(offset: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => (offset + i / count) % 1);
}

/** A spacing of the noise levels of `n` sampling steps; the last level is always γ = −∞. */
interface SpacingEntry {
  readonly description: string;
  /** Start of step i of n, from 1 (noise) to 0 (clean). */
  readonly position: (i: number, n: number) => number;
  /** γ at a position. By default that of the schedule at this time. */
  readonly level?: (position: number, schedule: Schedule, from: number, rho: number) => number;
}

export const spacings = {
  trailing: {
    description: "even in time, from the noisy end itself: t = 1, 1 - 1/n, ... 1/n",
    position: (i, n) => 1 - i / n,
  },
  /** Does not start at t = 1; Lin et al. 2024 (section 3.3) advise against it. */
  leading: {
    description: "even in time down to t = 0, but not from the noisy end: t = 1 - 1/n, ... 0",
    position: (i, n) => 1 - (i + 1) / n,
  },
  linspace: {
    description: "even in time, both ends included",
    position: (i, n) => n === 1 ? 1 : 1 - i / (n - 1),
  },
  /** Karras et al. 2022, equation 5. */
  karras: {
    description: "from the schedule's largest sigma to its smallest, even in sigma^(1/rho)",
    position: (i, n) => n === 1 ? 1 : 1 - i / (n - 1),
    level: (position, schedule, from, rho) => {
      const sigmaMin = edmSigma(schedule.gamma(0)), sigmaMax = edmSigma(schedule.gamma(from));
      if (sigmaMax < Infinity) {
        return gammaOfEdmSigma(karrasSigma(position, sigmaMin, sigmaMax, rho));
      }
      throw new RefusedValue((name) =>
        `${
          name("spacing")
        } is "karras" with schedule "${schedule.name}", which ends in pure noise: its ` +
        `largest sigma is infinite; use "trailing", or a ${name("strength")} below 1`
      );
    },
  },
} as const satisfies Record<string, SpacingEntry>;

export type Spacing = keyof typeof spacings;
export const spacingNames = Object.keys(spacings) as [Spacing, ...Spacing[]];

export interface LevelOptions {
  /** By default "trailing". */
  readonly spacing?: Spacing | undefined;
  /** The time to start from, in (0, 1]. By default 1; smaller for image-to-image. */
  readonly from?: number | undefined;
  /** ρ of "karras". By default {@link DEFAULT_RHO}. */
  readonly rho?: number | undefined;
}

/** ρ of Karras et al. 2022. */
export const DEFAULT_RHO = 7;

/** The fields of a sampling request that determine its noise levels. */
export const levelFields = {
  spacing: z.enum(spacingNames).optional().describe(
    "How the noise levels lie: even in the schedule's time, or in sigma^(1/rho) (karras) " +
      "(default trailing)",
  ),
  rho: z.number().min(0.1).max(100).optional().describe(
    `Exponent of karras spacing, 0.1 to 100 (default ${DEFAULT_RHO})`,
  ),
};

/**
 * Returns the noise levels of `steps` sampling steps, from high to low.
 *
 * @returns `steps` + 1 values of γ for `sampleDiffusion`, the last −∞.
 * @throws {RefusedValue} If `rho` is set for a spacing without it, or the spacing does not fit the schedule.
 */
export function samplingLevels(
  schedule: Schedule,
  steps: number,
  { spacing = "trailing", from = 1, rho }: LevelOptions = {},
): number[] {
  if (rho !== undefined && spacing !== "karras") {
    throw new RefusedValue((name) =>
      `${name("rho")} is ${rho} with ${
        name("spacing")
      } "${spacing}": it belongs to "karras", leave it out`
    );
  }
  const { position, level }: SpacingEntry = spacings[spacing];
  const at = (position: number) =>
    level ? level(position, schedule, from, rho ?? DEFAULT_RHO) : schedule.gamma(from * position);
  return [...Array.from({ length: steps }, (_, i) => at(position(i, steps))), -Infinity];
}

/**
 * The inverse of the unit normal distribution function, to a relative error of 1.2e-9 (the rational
 * approximation of Acklam 2003, "An algorithm for computing the inverse normal cumulative
 * distribution function").
 *
 * @param u In (0, 1).
 */
export function normalQuantile(u: number): number {
  if (u > 0.5) return -normalQuantile(1 - u);
  if (u < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(u));
    return polynomial(tailNumerator, q) / polynomial(tailDenominator, q);
  }
  const q = u - 0.5, r = q * q;
  return q * polynomial(centreNumerator, r) / polynomial(centreDenominator, r);
}

/** Coefficients, highest power first. */
// deno-fmt-ignore
const centreNumerator = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2,
  1.383577518672690e2, -3.066479806614716e1, 2.506628277459239,
];
// deno-fmt-ignore
const centreDenominator = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2,
  6.680131188771972e1, -1.328068155288572e1, 1,
];
// deno-fmt-ignore
const tailNumerator = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838,
  -2.549732539343734, 4.374664141464968, 2.938163982698783,
];
// deno-fmt-ignore
const tailDenominator = [
  7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1,
];

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((value, coefficient) => value * x + coefficient, 0);
}
