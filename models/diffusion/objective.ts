/**
 * What a network predicts, and how much each noise level counts in training.
 *
 * Every target is an affine function of x and ε at a fixed noise level, and every estimate x̂ one of z
 * and the network's output: x̂ = c_skip z + c_out · output. Its squared error is therefore ‖x − x̂‖²
 * divided by c_out², so a weighting is written once, as the weight w of ‖x − x̂‖², and multiplies a
 * target's loss as w · c_out².
 */
import { UserError } from "../../engine/host/mod.ts";
import { alphaSigma, type Amplitudes, type Arithmetic, flowTime, snr } from "./notation.ts";
import { hasZeroTerminalSnr, type Schedule } from "./schedules.ts";
import type { TimeSampling } from "./levels.ts";

/** A target, and what follows from it at a fixed noise level. */
interface Parameterization {
  readonly description: string;
  readonly citation: string;
  /**
   * Returns the input of the network, c_in z.
   *
   * @param m Arithmetic on tensors; so below.
   * @param z Noisy points, [N, …].
   */
  networkInput<T>(m: Arithmetic<T>, z: T, level: Amplitudes<T>): T;
  /**
   * Returns the target: the output of a perfect network.
   *
   * @param x Clean samples, [N, …].
   * @param eps The noise that was added to them, of the same shape.
   */
  target<T>(m: Arithmetic<T>, x: T, eps: T, level: Amplitudes<T>): T;
  /** Returns the estimate x̂ = c_skip z + c_out · output. For ε, α must not be zero. */
  denoised<T>(m: Arithmetic<T>, output: T, z: T, level: Amplitudes<T>): T;
  /**
   * Returns c_out², the ratio of ‖x − x̂‖² to the squared error of the target. It is infinite for ε in pure
   * noise.
   */
  squaredOutputScale(gamma: number): number;
}

export const targets = {
  /** Ho et al. 2020, equations 9 and 14. */
  epsilon: {
    description: "the noise eps",
    citation: "Ho et al. 2020",
    networkInput: (_m, z) => z,
    target: (_m, _x, eps) => eps,
    denoised: (m, output, z, { alpha, sigma }) => m.div(m.sub(z, m.mul(output, sigma)), alpha),
    squaredOutputScale: (gamma) => Math.exp(gamma),
  },
  x0: {
    description: "the clean sample x",
    citation: "Ho et al. 2020",
    networkInput: (_m, z) => z,
    target: (_m, x) => x,
    denoised: (_m, output) => output,
    squaredOutputScale: () => 1,
  },
  /**
   * Salimans & Ho 2022, "Progressive Distillation for Fast Sampling of Diffusion Models", section 4
   * and appendix D. Unlike that of ε, its estimate never divides by α, so it is finite in pure noise.
   */
  v: {
    description: "v = alpha*eps - sigma*x",
    citation: "Salimans & Ho 2022",
    networkInput: (_m, z) => z,
    target: (m, x, eps, { alpha, sigma }) => m.sub(m.mul(eps, alpha), m.mul(x, sigma)),
    denoised: (m, output, z, { alpha, sigma }) => m.sub(m.mul(z, alpha), m.mul(output, sigma)),
    squaredOutputScale: (gamma) => alphaSigma(gamma).sigma ** 2,
  },
  /**
   * The velocity u = ε − x of straight lines (Liu et al. 2023, "Flow Straight and Fast"). The
   * input of the network is flow's own point κz = (1−t)x + tε, and x̂ = κz − t û, with κ = 1/(α + σ).
   */
  flow: {
    description: "the velocity eps - x of rectified flow",
    citation: "Liu et al. 2023",
    networkInput: (m, z, { alpha, sigma }) => m.div(z, m.add(alpha, sigma)),
    target: (m, x, eps) => m.sub(eps, x),
    denoised: (m, output, z, { alpha, sigma }) =>
      m.div(m.sub(z, m.mul(output, sigma)), m.add(alpha, sigma)),
    squaredOutputScale: (gamma) => flowTime(gamma) ** 2,
  },
  /** See {@link edmParameterization}; with the paper's σ_data. */
  edm: edmParameterization(0.5),
} as const satisfies Record<string, Parameterization>;

/**
 * EDM's preconditioned network F (Karras et al. 2022, equation 7 and table 1). In terms of z
 * and γ instead of their point z/α and their σ/α, and with n = √(σ² + α² σ_data²), its coefficients are
 *
 *     c_skip = α σ_data²/n²    c_out = σ σ_data/n    c_in = 1/n
 *
 * so that F's target is (σ x/σ_data − α σ_data ε)/n, of unit variance at every level, and x̂ is
 * finite in pure noise. Instead of on c_noise = γ/8 the network is conditioned on `noiseAngle`. At
 * σ_data = 1 the target is −v.
 */
function edmParameterization(sigmaData: number): Parameterization {
  const norm = <T>(m: Arithmetic<T>, { alpha, sigma }: Amplitudes<T>): T =>
    m.sqrt(m.add(m.square(sigma), m.square(m.mul(alpha, sigmaData))));
  return {
    description: "EDM's preconditioned output",
    citation: "Karras et al. 2022",
    networkInput: (m, z, level) => m.div(z, norm(m, level)),
    target: (m, x, eps, level) => {
      const ofX = m.mul(x, m.div(level.sigma, sigmaData));
      const ofEps = m.mul(eps, m.mul(level.alpha, sigmaData));
      return m.div(m.sub(ofX, ofEps), norm(m, level));
    },
    denoised: (m, output, z, level) => {
      const n = norm(m, level);
      const skip = m.div(m.mul(level.alpha, sigmaData ** 2), n);
      return m.div(m.add(m.mul(z, skip), m.mul(output, m.mul(level.sigma, sigmaData))), n);
    },
    squaredOutputScale: (gamma) => {
      const { alpha, sigma } = alphaSigma(gamma);
      return (sigma * sigmaData) ** 2 / (sigma ** 2 + (alpha * sigmaData) ** 2);
    },
  };
}

export type Target = keyof typeof targets;
export const targetNames = Object.keys(targets) as [Target, ...Target[]];

/** A target and its parameters; a {@link Target} alone has those of its paper. */
export type Objective = Target | {
  readonly target: Target;
  /** EDM's σ_data, the standard deviation of the data; by default the paper's 0.5. */
  readonly sigmaData?: number | undefined;
};

function targetOf(objective: Objective): Target {
  return typeof objective === "string" ? objective : objective.target;
}

/** Returns the parameterization of the network's output. */
export function parameterizationOf(objective: Objective): Parameterization {
  return typeof objective !== "string" && objective.target === "edm" && objective.sigmaData
    ? edmParameterization(objective.sigmaData)
    : targets[targetOf(objective)];
}

interface WeightingEntry {
  readonly description: string;
  readonly citation: string;
  /** Whether it takes the limit k of {@link WeightOptions}. */
  readonly limited?: boolean;
  /**
   * Returns the weight w of ‖x − x̂‖² at a noise level. Without this function, w is 1/c_out², so that the
   * loss is the unweighted squared error of the target.
   *
   * @param snr Signal-to-noise ratio of the level.
   * @param k The limit (the papers' γ).
   * @param slope dSNR/du at the uniform number u that the level was drawn with.
   */
  weight?(snr: number, k: number, slope: () => number): number;
}

export const weightings = {
  uniform: { description: "the target's plain squared error", citation: "Ho et al. 2020" },
  snr: { description: "SNR", citation: "Salimans & Ho 2022", weight: (snr) => snr },
  "min-snr": {
    description: "min(SNR, k)",
    citation: "Hang et al. 2023",
    limited: true,
    weight: (snr, k) => Math.min(snr, k),
  },
  "soft-min-snr": {
    description: "SNR k/(SNR + k)",
    citation: "Crowson et al. 2024",
    limited: true,
    weight: (snr, k) => snr * k / (snr + k),
  },
  vlb: {
    description: "the variational bound in continuous time, -dSNR/du / 2",
    citation: "Kingma et al. 2021",
    weight: (_snr, _k, slope) => -slope() / 2,
  },
} as const satisfies Record<string, WeightingEntry>;

export type Weighting = keyof typeof weightings;
export const weightingNames = Object.keys(weightings) as [Weighting, ...Weighting[]];

/** Whether a weighting takes the limit k. */
export function isLimited(weighting: Weighting): boolean {
  const { limited = false }: WeightingEntry = weightings[weighting];
  return limited;
}

export interface WeightOptions {
  /**
   * k, the largest weight: "min-snr" grows with the SNR up to k, and "soft-min-snr" approaches k. By
   * default 5; Crowson et al. 2024 use 1/σ_data² for "soft-min-snr".
   */
  readonly snrLimit?: number | undefined;
}

/**
 * Returns the factor of each example's loss, w · c_out², for the `weight` input of the training step.
 *
 * @param gammaAt The level that a uniform number u in [0, 1] stands for (`trainingLevel`).
 * @param u The examples' uniform numbers.
 * @returns One weight per example, finite and not negative.
 * @throws {UserError} If a weight divides by zero: in pure noise the error of x̂ does not follow from that of ε̂.
 */
export function lossWeights(
  weighting: Weighting,
  objective: Objective,
  gammaAt: (u: number) => number,
  u: ArrayLike<number>,
  { snrLimit = 5 }: WeightOptions = {},
): Float32Array {
  const { weight }: WeightingEntry = weightings[weighting];
  if (!weight) return new Float32Array(u.length).fill(1);
  const { squaredOutputScale } = parameterizationOf(objective);
  return Float32Array.from(u, (u) => {
    const gamma = gammaAt(u);
    const w = weight(snr(gamma), snrLimit, () => snrSlope(gammaAt, u));
    const factor = w * squaredOutputScale(gamma);
    if (Number.isFinite(factor)) return factor;
    throw new UserError(
      `weighting is "${weighting}" with target "${targetOf(objective)}" at SNR ` +
        `${snr(gamma)}: the weight is ${factor}; use weighting "uniform", another target, or a ` +
        "schedule with finite ends",
    );
  });
}

/** Returns dSNR/du by finite differences, one-sided at the ends, where SNR is finite, unlike γ. */
function snrSlope(gammaAt: (u: number) => number, u: number): number {
  const from = Math.max(u - 1e-6, 0), to = Math.min(u + 1e-6, 1);
  return (snr(gammaAt(to)) - snr(gammaAt(from))) / (to - from);
}

/** The schedule, objective, weighting and times of a training. */
export interface TrainingChoices extends WeightOptions {
  readonly schedule: Schedule;
  readonly objective: Objective;
  readonly weighting?: Weighting | undefined;
  readonly times?: TimeSampling | undefined;
}

/**
 * Checks that a schedule, an objective, a weighting and a distribution of times can be combined.
 *
 * @throws {UserError} If they cannot. The message has the fields, the reason, and values that can.
 */
export function requireTrainable(
  { schedule, objective, weighting = "uniform", times = "uniform", snrLimit }: TrainingChoices,
): void {
  const target = targetOf(objective);
  if (target === "epsilon" && hasZeroTerminalSnr(schedule)) {
    throw new UserError(
      `target is "epsilon" with schedule "${schedule.name}", which ends in pure noise: there x̂ = ` +
        '(z − σ ε̂)/α, and every weight but "uniform", would divide by an SNR of zero; use target ' +
        '"v", "x0", "flow" or "edm", or a schedule without zero terminal SNR',
    );
  }
  if (snrLimit !== undefined && !isLimited(weighting)) {
    throw new UserError(
      `snr_limit is ${snrLimit} with weighting "${weighting}": only ` +
        `${weightingNames.filter(isLimited).map((name) => `"${name}"`).join(" and ")} take it, ` +
        "leave it out",
    );
  }
  if (weighting === "vlb" && times !== "uniform") {
    throw new UserError(
      `weighting is "vlb" with times "${times}": the bound is an even mean over the schedule's times, ` +
        'and drawing its ends rarely would miss most of it; use times "uniform"',
    );
  }
}
