/**
 * How much each noise level counts in training.
 *
 * Every target's squared error is ‖x − x̂‖² divided by the target's own c_out² (`objective.ts`:
 * x̂ = c_skip z + c_out · output). So a weighting is written once, as the weight w of ‖x − x̂‖², and
 * multiplies a target's loss as w · c_out²:
 *
 * | weighting | w | times c_out² for ε, v |
 * |---|---|---|
 * | uniform | 1/c_out² | 1, 1 |
 * | snr | SNR | 1, SNR/(SNR + 1) |
 * | min-snr (Hang et al. 2023) | min(SNR, k) | min(SNR, k)/SNR, min(SNR, k)/(SNR + 1) |
 * | soft-min-snr (Crowson et al. 2024) | SNR k/(SNR + k) | k/(SNR + k), … |
 * | vlb (Kingma et al. 2021, continuous time) | −½ dSNR/du | ½ γ'(u), … |
 *
 * with k the `snrLimit` (the papers' γ) and u the uniform number that the level was drawn with.
 */
import { UserError } from "../../engine/host/mod.ts";
import type { Target, Weighting } from "./names/mod.ts";
import { alphaSigma, snr } from "./notation.ts";
import { type Objective, objectiveOf } from "./objective.ts";
import { flowTime } from "./views.ts";

export interface WeightOptions {
  /**
   * The SNR at which "min-snr" stops, and "soft-min-snr" gently ceases, to grow. By default 5; EDM's
   * soft-min-SNR has 1/σ_data².
   */
  readonly snrLimit?: number;
}

/**
 * The factor of each example's loss, for the `weight` input of `trainingStep`.
 *
 * @param gammaAt The level that a uniform number u in [0, 1] stands for (`trainingLevel`).
 * @param u The examples' uniform numbers.
 * @returns One weight per example, finite and not negative.
 * @throws {UserError} If a weight divides by zero: the error of ε̂ says nothing of x̂ in pure noise.
 */
export function lossWeights(
  weighting: Weighting,
  objective: Target | Objective,
  gammaAt: (u: number) => number,
  u: ArrayLike<number>,
  options: WeightOptions = {},
): Float32Array {
  return Float32Array.from(u, (u) => {
    const weight = lossWeight(weighting, objective, gammaAt, u, options.snrLimit ?? 5);
    if (Number.isFinite(weight)) return weight;
    const { target } = objectiveOf(objective);
    throw new UserError(
      `weighting is "${weighting}" with target "${target}" at SNR ${snr(gammaAt(u))}: the weight ` +
        `is ${weight}; use weighting "uniform", another target, or a schedule with finite ends`,
    );
  });
}

function lossWeight(
  weighting: Weighting,
  objective: Target | Objective,
  gammaAt: (u: number) => number,
  u: number,
  k: number,
): number {
  if (weighting === "uniform") return 1;
  const gamma = gammaAt(u);
  return denoisingWeight(weighting, gammaAt, u, k, snr(gamma)) *
    squaredOutputScale(objective, gamma);
}

/** w, the weight of ‖x − x̂‖². */
function denoisingWeight(
  weighting: Exclude<Weighting, "uniform">,
  gammaAt: (u: number) => number,
  u: number,
  k: number,
  snrAtU: number,
): number {
  switch (weighting) {
    case "snr":
      return snrAtU;
    case "min-snr":
      return Math.min(snrAtU, k);
    case "soft-min-snr":
      return snrAtU * k / (snrAtU + k);
    case "vlb":
      return -snrSlope(gammaAt, u) / 2;
  }
  return weighting satisfies never;
}

/**
 * c_out², what ‖x − x̂‖² is in units of the target's squared error.
 *
 * @returns Finite, but for ε in pure noise.
 */
export function squaredOutputScale(objective: Target | Objective, gamma: number): number {
  const { target, sigmaData } = objectiveOf(objective);
  const { alpha, sigma } = alphaSigma(gamma);
  switch (target) {
    case "epsilon":
      return Math.exp(gamma);
    case "x0":
      return 1;
    case "v":
      return sigma ** 2;
    case "flow":
      return flowTime(gamma) ** 2;
    case "edm":
      return (sigma * sigmaData) ** 2 / (sigma ** 2 + (alpha * sigmaData) ** 2);
  }
  return target satisfies never;
}

/** dSNR/du by differences, one-sided at the ends. SNR, unlike γ, is finite at both. */
function snrSlope(gammaAt: (u: number) => number, u: number): number {
  const from = Math.max(u - 1e-6, 0), to = Math.min(u + 1e-6, 1);
  return (snr(gammaAt(to)) - snr(gammaAt(from))) / (to - from);
}
