/**
 * Upper bounds of −log p(x), in nats per character: the noise levels and the masks of which they are
 * expectations, and their estimate.
 *
 * That of embedding diffusion (Kingma et al. 2021, "VDM", equations 11 and 16; Gulrajani & Hashimoto 2023,
 * "Plaid", section 3.1) has a prior, a reconstruction and a diffusion term:
 *
 *     −log p(x) ≤ KL(q(z₁|x) ‖ N(0, I)) + E[−log p(x | z₀)] + ½ E_t[γ'(t) e^{−γ(t)} ‖e − x̂‖²]
 *
 * That of masked diffusion, whose forward process replaces characters by a mask (the absorbing process of
 * Austin et al. 2021, "D3PM"), has one term, see {@link maskedPlaces}.
 */
import { permutation, type RandomKey, uniforms } from "../../../engine/host/mod.ts";

/** A noise schedule γ(t), increasing from t = 0 to t = 1, with finite ends. */
export interface NoiseRange {
  gamma(t: number): number;
  /** dγ/dt. */
  slope(t: number): number;
}

/** γ(t) linear between the ends. */
export function linearGamma(start: number, end: number): NoiseRange {
  return { gamma: (t) => start + (end - start) * t, slope: () => end - start };
}

/** The median of γ weighted by its contribution to the bound, for unit-norm embeddings in 16 dimensions. */
const LOCATION = -1.5;

/**
 * γ(t) as the quantile function of a truncated logistic distribution about {@link LOCATION}: levels are
 * sampled approximately in proportion to their contribution to the bound, whose integrand decays like
 * e^{−γ} towards noise. The bound is the same for every γ(t) between the same ends (VDM, section 5.1);
 * the variance of its estimate, and of the gradient, is not.
 */
export function logisticGamma(start: number, end: number): NoiseRange {
  const share = (gamma: number) => 1 / (1 + Math.exp(LOCATION - gamma));
  const [low, high] = [share(start), share(end)];
  const at = (t: number) => low + (high - low) * t;
  return {
    gamma: (t) => t <= 0 ? start : t >= 1 ? end : LOCATION + Math.log(at(t) / (1 - at(t))),
    slope: (t) => (high - low) / (at(t) * (1 - at(t))),
  };
}

/**
 * Restricts a schedule to the interior of [0, 1], because its γ may be infinite at the ends, or change
 * too fast there for single precision.
 */
export function interiorRange(gamma: (t: number) => number, margin = 1e-3): NoiseRange {
  const inner = (t: number) => margin + (1 - 2 * margin) * t;
  const step = 1e-5;
  return {
    gamma: (t) => gamma(inner(t)),
    slope: (t) => (gamma(inner(t) + step) - gamma(inner(t) - step)) / (2 * step) * (1 - 2 * margin),
  };
}

/** The noise level of each window of a batch, and its weights in the two terms of the bound. */
export interface BoundLevels {
  readonly gammas: Float64Array;
  readonly crossEntropyWeights: Float32Array;
  readonly squaredErrorWeights: Float32Array;
}

/**
 * Assigns the windows of a batch to the two learned terms of the bound. An eighth of them estimate the
 * reconstruction term, at the lowest noise level; the others estimate the diffusion term, one in each of
 * equally long strata of t. The strata are defined over these windows alone, so that every level is
 * sampled.
 *
 * The mean over the windows of weight × cross-entropy + weight × squared error is an unbiased
 * estimate of the two terms. The assignment of windows to levels is random.
 */
export function boundLevels(range: NoiseRange, count: number, key: RandomKey): BoundLevels {
  const reconstructing = reconstructionCount(count);
  const diffusing = count - reconstructing;
  const [offset] = uniforms({ ...key, stream: `${key.stream}/offset` }, 1);
  const order = permutation({ ...key, stream: `${key.stream}/order` }, count);
  const gammas = new Float64Array(count);
  const crossEntropyWeights = new Float32Array(count);
  const squaredErrorWeights = new Float32Array(count);
  order.forEach((row, place) => {
    const i = place - reconstructing;
    const t = i < 0 ? 0 : (i + offset!) / diffusing;
    gammas[row] = range.gamma(t);
    if (i < 0) crossEntropyWeights[row] = count / reconstructing;
    else {
      squaredErrorWeights[row] = 0.5 * Math.exp(-gammas[row]!) * range.slope(t) * count / diffusing;
    }
  });
  return { gammas, crossEntropyWeights, squaredErrorWeights };
}

/** Number of windows that estimate the reconstruction term: an eighth of the batch, at least one. */
export function reconstructionCount(count: number): number {
  return Math.max(1, Math.floor(count / 8));
}

/** The measurements of one window. */
export interface WindowErrors {
  readonly gamma: number;
  readonly crossEntropy: number;
  readonly squaredError: number;
  readonly crossEntropyWeight: number;
  readonly squaredErrorWeight: number;
}

/** The bound's terms, in nats per character. */
export interface LikelihoodBound {
  readonly total: number;
  /** Standard error of the mean over draws; 0 for a single draw. */
  readonly standardError: number;
  /** The reconstruction term; for an exact likelihood, the whole of it. */
  readonly reconstruction: number;
  /** The diffusion term. */
  readonly diffusion: number;
  /** The prior term. */
  readonly prior: number;
  readonly draws: number;
}

/**
 * Estimates the bound from several draws of a batch.
 *
 * If tokens consist of several characters, the estimate is the ratio of two sums over the same windows,
 * nats over characters, so that runs with different vocabularies are comparable. It is unbiased for
 * these windows, because only the nats depend on the noise. A likelihood that is exact for the tokens is
 * a bound for the text, since other token sequences may spell the same text. The standard error over
 * draws is that of a ratio estimator, computed from the residuals nats − ratio × characters.
 *
 * @param draws For each draw, the measurements of its windows, in nats per token, with the weights of
 * {@link boundLevels}.
 * @param prior {@link priorNats}, per token.
 * @param lengths For each draw, the mean number of characters per token of its windows. By default 1.
 */
export function likelihoodBound(
  draws: readonly (readonly WindowErrors[])[],
  prior: number,
  lengths: readonly number[] = draws.map(() => 1),
): LikelihoodBound {
  const reconstructions = draws.map((windows) =>
    mean(windows.map((w) => w.crossEntropyWeight * w.crossEntropy))
  );
  const diffusions = draws.map((windows) =>
    mean(windows.map((w) => w.squaredErrorWeight * w.squaredError))
  );
  const totals = draws.map((_, i) => reconstructions[i]! + diffusions[i]! + prior);
  const length = mean(lengths);
  const total = mean(totals) / length;
  return {
    total,
    standardError: standardErrorOf(totals.map((nats, i) => nats - total * lengths[i]!)) / length,
    reconstruction: mean(reconstructions) / length,
    diffusion: mean(diffusions) / length,
    prior: prior / length,
    draws: draws.length,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard error of a mean, from the residuals. */
function standardErrorOf(residuals: readonly number[]): number {
  const { length } = residuals;
  if (length < 2) return 0;
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0);
  return Math.sqrt(squares / (length - 1) / length);
}

/**
 * Returns the step function of time whose bound is that of T = `steps` sampling steps:
 * γ(t) = γ_k for k = ⌈Tt⌉, where γ_k is the schedule's level at k/T.
 *
 * With the slope T(e^{γ_k − γ_{k−1}} − 1), the weight ½ γ'(t) e^{−γ(t)} of the continuous bound becomes
 * ½ T (SNR_{k−1} − SNR_k), so that the bound is that of T steps of ancestral sampling (ddpm) at
 * temperature 1 (VDM, equation 13).
 *
 * @param steps A whole number, at least 1.
 */
export function finiteSteps(range: NoiseRange, steps: number): NoiseRange {
  const stepOf = (t: number) => Math.min(steps, Math.max(1, Math.ceil(steps * t)));
  return {
    gamma: (t) => range.gamma(t <= 0 ? 0 : stepOf(t) / steps),
    slope(t) {
      const k = stepOf(t);
      return steps * Math.expm1(range.gamma(k / steps) - range.gamma((k - 1) / steps));
    },
  };
}

/**
 * Samples the masked positions of each window such that the mean cross-entropy of a window's masked
 * characters is an unbiased estimate of the bound in nats per character.
 *
 * In continuous time, for windows of L characters that are each masked at time t with probability t, the
 * bound does not depend on the schedule (Sahoo et al. 2024, "MDLM", section 3; Shi et al. 2024, "MD4"):
 *
 *     −log p(x) ≤ ∫₀¹ 1/t E_M[Σ_{i∈M} −log p(x_i | x_{\M})] dt
 *
 * The weight 1/t cancels with the probability t that position i is masked. What remains is, for every
 * position, the expected cost of its character given that it is masked and every other position is masked
 * with probability t. The number of masked positions is then 1 + Binomial(L − 1, t); for uniform t it is
 * uniform over 1 … L, the set of that size is uniform, and the costs of all its positions may be
 * averaged. This is the bound of any-order autoregressive models (Hoogeboom et al. 2022, "ARDM"; Ou et al.
 * 2025, theorem 2). No weight has a singularity, and the prior and reconstruction terms are zero, because
 * all characters are masked at t = 1 and none at t = 0. The mean over all masked characters of a batch,
 * which is often reported, is *not* the bound: it weights every window by its number of masks.
 *
 * For T = `steps` sampling steps, within which characters are sampled independently of each other, the
 * bound is the same with t uniform over 1/T, 2/T, …, 1, because a step from t to s reveals a share
 * (t − s)/t of the masked characters. Only the distribution of the number of masks changes.
 *
 * The numbers of masks of a batch are stratified.
 *
 * @param steps Number of sampling steps. By default infinite: continuous time.
 * @returns Row-major [count, length]: 1 where masked, 0 elsewhere, with at least one 1 in each row.
 */
export function maskedPlaces(
  count: number,
  length: number,
  key: RandomKey,
  steps?: number,
): Float32Array {
  const [offset] = uniforms({ ...key, stream: `${key.stream}/offset` }, 1);
  const order = permutation({ ...key, stream: `${key.stream}/order` }, count);
  const draws = uniforms({ ...key, stream: `${key.stream}/places` }, count * length);
  const shares = steps === undefined ? null : maskShares(length, steps);
  const masked = new Float32Array(count * length);
  order.forEach((row, stratum) => {
    const u = (stratum + offset!) / count;
    const size = 1 + (shares ? quantile(shares, u) : Math.floor(length * u));
    const own = draws.subarray(row * length, (row + 1) * length);
    Array.from(own, (_, place) => place)
      .sort((a, b) => own[a]! - own[b]! || a - b)
      .slice(0, size)
      .forEach((place) => masked[row * length + place] = 1);
  });
  return masked;
}

/** Returns the probabilities of n = 0, …, L − 1 other masks: Binomial(L − 1, k/T), with k uniform over 1 … T. */
function maskShares(length: number, steps: number): Float64Array {
  const others = length - 1;
  const logFactorials = new Float64Array(length);
  for (let n = 1; n < length; n++) logFactorials[n] = logFactorials[n - 1]! + Math.log(n);
  const shares = new Float64Array(length);
  shares[others] = 1 / steps; // k = T masks all.
  for (let k = 1; k < steps; k++) {
    const [masked, seen] = [Math.log(k / steps), Math.log1p(-k / steps)];
    for (let n = 0; n < length; n++) {
      const log = logFactorials[others]! - logFactorials[n]! - logFactorials[others - n]! +
        n * masked + (others - n) * seen;
      shares[n] = shares[n]! + Math.exp(log) / steps;
    }
  }
  return shares;
}

/** Returns the smallest index whose cumulative probability exceeds `u`. */
function quantile(shares: Float64Array, u: number): number {
  let sum = 0;
  const found = shares.findIndex((share) => (sum += share) > u);
  return found < 0 ? shares.length - 1 : found;
}
