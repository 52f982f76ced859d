/**
 * Noise schedules: the noise level γ as a function of time.
 *
 * Each schedule is one entry of {@link schedules}, in the formula of its paper, continuous in time.
 * Where a paper defines T = 1000 discrete steps, the first and the last level are the paper's, which
 * keeps γ(0) finite.
 */
import { alphaSigma, gammaOfAlphaCumprod, gammaOfEdmSigma, gammaOfFlowTime } from "./notation.ts";

/** Steps T of the papers' discrete schedules. */
const DISCRETE_STEPS = 1000;

/** β(0) and β(1) of the linear schedules: 1e-4 and 2e-2 in each of {@link DISCRETE_STEPS} steps. */
const BETA_MIN = 0.1;
const BETA_MAX = 20;

/** An entry of the registry. */
interface ScheduleEntry {
  /** γ(t) = −log SNR(t) for t in [0, 1]. */
  readonly gamma: (t: number) => number;
  /** One sentence, without its source. */
  readonly description: string;
  /** Authors and year. */
  readonly citation: string;
}

export const schedules = {
  /**
   * β(u) = β_min + u (β_max − β_min), integrated (Song et al. 2021, "Score-Based Generative Modeling
   * through Stochastic Differential Equations", equation 33; Ho et al. 2020, section 4).
   */
  linear: {
    gamma: fromBetaIntegral((u) => u * u * (BETA_MAX - BETA_MIN) / 2 + u * BETA_MIN),
    description: "Variance β grows linearly from 1e-4 to 2e-2 over 1000 steps; much of the noisy " +
      "half carries almost no signal",
    citation: "Ho et al. 2020",
  },
  /**
   * The same with √β linear in u (Rombach et al. 2022, "Latent Diffusion Models"), from and to the β of
   * `linear`. Stable Diffusion goes from 8.5e-4 to 1.2e-2 instead.
   */
  "scaled-linear": {
    gamma: fromBetaIntegral((u) => {
      const from = Math.sqrt(BETA_MIN), rise = Math.sqrt(BETA_MAX) - from;
      return ((from + u * rise) ** 3 - from ** 3) / (3 * rise);
    }),
    description: "√β grows linearly, β from 1e-4 to 2e-2 over 1000 steps; slower to drown the " +
      "signal than linear, and it leaves more of it at the end",
    citation: "Rombach et al. 2022",
  },
  /** Nichol & Dhariwal 2021, "Improved Denoising Diffusion Probabilistic Models", equation 17. */
  cosine: {
    gamma: fromSignal((u) => Math.cos((u + 0.008) / (1 + 0.008) * Math.PI / 2) ** 2),
    description: "Signal α falls as a quarter of a cosine wave, offset 0.008; noise levels are " +
      "spread evenly over the angle atan(σ/α)",
    citation: "Nichol & Dhariwal 2021",
  },
  /**
   * A logistic curve from 1 down to 0 (Jabri et al. 2023, "Scalable Adaptive Computation for
   * Iterative Generation": start −3, end 3, τ = 1).
   */
  sigmoid: {
    gamma: fromSignal((u) => {
      const logistic = (x: number) => 1 / (1 + Math.exp(-x));
      return (logistic(3) - logistic(6 * u - 3)) / (logistic(3) - logistic(-3));
    }),
    description: "ᾱ falls as a logistic curve from −3 to 3; most times lie at middle noise " +
      "levels, few at either end",
    citation: "Jabri et al. 2023",
  },
  /** ᾱ = 1 − √(u + 1e-4) (Li et al. 2022, "Diffusion-LM Improves Controllable Text Generation",
   * appendix A). */
  sqrt: {
    gamma: fromSignal((u) => 1 - Math.sqrt(u + 1e-4)),
    description: "ᾱ = 1 − √t; noise rises fast at the clean end, where embeddings of words are " +
      "still told apart",
    citation: "Li et al. 2022, Diffusion-LM",
  },
  /** The levels that EDM samples at, see {@link karrasSigma}: σ_min = 0.002, σ_max = 80, ρ = 7. */
  edm: {
    gamma: (t) => gammaOfEdmSigma(karrasSigma(t, 0.002, 80, 7)),
    description: "σ/α from 0.002 to 80, its 7th root even in time; many levels " +
      "lie at the clean end, as suits sampling",
    citation: "Karras et al. 2022",
  },
  /** σ/(α + σ) = t (Liu et al. 2023, "Flow Straight and Fast"). */
  flow: {
    gamma: (t) => gammaOfFlowTime(discreteTime(t)),
    description:
      "Straight lines from data to noise, σ/(α + σ) = t (rectified flow); ends in pure " +
      "noise",
    citation: "Liu et al. 2023",
  },
} as const satisfies Record<string, ScheduleEntry>;

export type ScheduleName = keyof typeof schedules;
export const scheduleNames = Object.keys(schedules) as [ScheduleName, ...ScheduleName[]];

/** A noise schedule. */
export interface Schedule {
  readonly name: ScheduleName;
  /**
   * γ(t) = −log SNR(t): strictly increasing on [0, 1] and finite, but for γ(1) = +∞ where a schedule
   * ends in pure noise ({@link hasZeroTerminalSnr}).
   */
  gamma(t: number): number;
  /** One sentence, with the source. */
  readonly description: string;
}

/** Options of a schedule. */
export interface ScheduleOptions {
  /** Rescales the schedule to end in pure noise ({@link zeroTerminalSnr}). */
  readonly zeroTerminalSnr?: boolean | undefined;
}

/** Returns the schedule of this name. */
export function schedule(name: ScheduleName, options: ScheduleOptions = {}): Schedule {
  const { gamma, description, citation } = schedules[name];
  const named = { name, gamma, description: `${description} (${citation})` };
  return options.zeroTerminalSnr ? zeroTerminalSnr(named) : named;
}

/** Whether a schedule ends in pure noise, γ(1) = +∞. */
export function hasZeroTerminalSnr(schedule: Pick<Schedule, "gamma">): boolean {
  return schedule.gamma(1) === Infinity;
}

/**
 * Rescales a schedule to zero terminal SNR, so that sampling starts from the distribution of training: α is
 * shifted and scaled so that it vanishes at t = 1 and does not change at t = 0,
 *
 *     α'(t) = (α(t) − α(1)) · α(0)/(α(0) − α(1))
 *
 * (Lin et al. 2024, "Common Diffusion Noise Schedules and Sample Steps are Flawed", algorithm 1).
 *
 * A schedule that already ends in pure noise is returned unchanged.
 */
export function zeroTerminalSnr(schedule: Schedule): Schedule {
  if (hasZeroTerminalSnr(schedule)) return schedule;
  const alphaAt = (t: number) => alphaSigma(schedule.gamma(t)).alpha;
  const first = alphaAt(0), last = alphaAt(1);
  return {
    name: schedule.name,
    gamma: (t) => gammaOfAlphaCumprod(((alphaAt(t) - last) * first / (first - last)) ** 2),
    description: `${schedule.description}; rescaled to end in pure noise (Lin et al. 2024)`,
  };
}

/**
 * The noise levels of EDM's sampler as a continuous function: σ' = (a + t (b − a))^ρ with
 * a = σ_min^(1/ρ), b = σ_max^(1/ρ) (Karras et al. 2022, "Elucidating the Design Space of
 * Diffusion-Based Generative Models", equation 5).
 */
export function karrasSigma(t: number, sigmaMin: number, sigmaMax: number, rho: number): number {
  const a = sigmaMin ** (1 / rho), b = sigmaMax ** (1 / rho);
  return (a + t * (b - a)) ** rho;
}

/** Returns the time t in [0, 1] at which an increasing γ(t) reaches a noise level, to 1e-9 from below. */
export function timeAt(gamma: (t: number) => number, level: number): number {
  let [low, high] = [0, 1];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (gamma(middle) < level) low = middle;
    else high = middle;
  }
  return low;
}

/** Returns the continuous time u in (0, 1] of the discrete step k = t·(T − 1). */
function discreteTime(t: number): number {
  return (1 + t * (DISCRETE_STEPS - 1)) / DISCRETE_STEPS;
}

/** Returns γ(t) from the integral of β: log ᾱ(u) = −∫₀ᵘ β. */
function fromBetaIntegral(integral: (u: number) => number): (t: number) => number {
  return (t) => Math.log(Math.expm1(integral(discreteTime(t))));
}

/**
 * Returns γ(t) from ᾱ(u) = f(u)/f(0). If f reaches zero, papers keep the end finite by limiting the last β to
 * 0.999; here u ends one discrete step before 1, at the last level that is not affected by this limit.
 */
function fromSignal(signal: (u: number) => number): (t: number) => number {
  return (t) => {
    const u = discreteTime(t * (DISCRETE_STEPS - 2) / (DISCRETE_STEPS - 1));
    return gammaOfAlphaCumprod(signal(u) / signal(0));
  };
}
