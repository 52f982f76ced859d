/**
 * The likelihood bound of embedding diffusion (Kingma et al. 2021, "VDM", equations 11 and 16;
 * Gulrajani & Hashimoto 2023, "Plaid", section 3.1), in nats per character:
 *
 *     −log p(x) ≤ KL(q(z₁|x) ‖ N(0, I)) + E[−log p(x | z₀)] + ½ E_t[γ'(t) e^{−γ(t)} ‖e − x̂‖²]
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
