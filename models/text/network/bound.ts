/**
 * The likelihood bound of embedding diffusion (Kingma et al. 2021, "VDM", equations 11 and 16;
 * Gulrajani & Hashimoto 2023, "Plaid", section 3.1), in nats per character:
 *
 *     −log p(x) ≤ KL(q(z₁|x) ‖ N(0, I)) + E[−log p(x | z₀)] + ½ E_t[γ'(t) e^{−γ(t)} ‖e − x̂‖²]
 */
import { permutation, type RandomKey, uniforms } from "../../../engine/host/mod.ts";

/** γ over time, rising from t = 0 to t = 1, both finite. */
export interface NoiseRange {
  gamma(t: number): number;
  /** dγ/dt. */
  slope(t: number): number;
}

/** γ rising evenly. */
export function linearGamma(start: number, end: number): NoiseRange {
  return { gamma: (t) => start + (end - start) * t, slope: () => end - start };
}

/** Where the bound of unit-norm embeddings in 16 dimensions is made up: half of it on either side. */
const LOCATION = -1.5;

/**
 * γ rising fast where levels cost little and slowly where they cost much: the quantiles of a logistic
 * distribution about {@link LOCATION} cut off at both ends, so that levels are looked at about as often
 * as they weigh in the bound, whose integrand falls off like e^{−γ} towards noise. The bound is the
 * same for every γ(t) between the same ends (VDM, section 5.1); the variance of its estimate, and of
 * the gradient, is not.
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
 * A schedule made for other data, without its very ends, where its γ is infinite or changes too fast
 * for single precision.
 */
export function trimmed(gamma: (t: number) => number, margin = 1e-3): NoiseRange {
  const inner = (t: number) => margin + (1 - 2 * margin) * t;
  const step = 1e-5;
  return {
    gamma: (t) => gamma(inner(t)),
    slope: (t) => (gamma(inner(t) + step) - gamma(inner(t) - step)) / (2 * step) * (1 - 2 * margin),
  };
}

/** At which level each window of a batch is looked at, and what it counts there. */
export interface BoundLevels {
  readonly gammas: Float64Array;
  readonly crossEntropyWeights: Float32Array;
  readonly squaredErrorWeights: Float32Array;
}

/**
 * Shares a batch out among the bound's two learned terms: an eighth of the windows reconstruct, at
 * the cleanest level; the others spread over all levels, one in each stratum of equal length. The
 * strata are the diffusion term's own: windows taken out of them for reconstruction would leave
 * levels that nobody looks at, and where the network may hide its errors.
 *
 * The mean over the windows of weight × cross-entropy + weight × squared error is an unbiased
 * estimate of the two terms. Which window gets which level is random.
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

/** Windows of a batch that reconstruct: an eighth, and at least one. */
export function reconstructionCount(count: number): number {
  return Math.max(1, Math.floor(count / 8));
}

/**
 * KL(q(z₁|x) ‖ N(0, I)) per character: ½ (d (σ² − 1 − log σ²) + α² ‖e‖²).
 *
 * @param squaredNorm Mean of ‖e‖² over the characters; 1 where embeddings have unit length.
 */
export function priorNats(gammaEnd: number, dimension: number, squaredNorm: number): number {
  const alphaSquared = 1 / (1 + Math.exp(gammaEnd));
  const logSigmaSquared = -Math.log1p(Math.exp(-gammaEnd));
  const sigmaSquared = Math.exp(logSigmaSquared);
  return 0.5 * (dimension * (sigmaSquared - 1 - logSigmaSquared) + alphaSquared * squaredNorm);
}

/** What was measured of one window. */
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
  /** Of the mean over draws; 0 for a single draw. */
  readonly standardError: number;
  /** Of the characters given the cleanest level; where nothing is noisy, all there is. */
  readonly reconstruction: number;
  /** Of the walk through the noise levels. */
  readonly diffusion: number;
  /** What the noisiest level still tells. */
  readonly prior: number;
  readonly draws: number;
}

/**
 * The bound from several draws of a batch.
 *
 * Where tokens stand for several characters it is the ratio of two sums over the same windows, nats
 * over characters, so that runs with different vocabularies can be compared: unbiased for these
 * windows, because only the nats depend on the noise. What is exact for the tokens is then a bound for
 * the text, which other tokens could spell too. The standard error over draws is that of a ratio,
 * from the residuals nats − ratio × characters.
 *
 * @param draws For each, its windows as {@link boundLevels} weighed them, in nats per token.
 * @param prior {@link priorNats}, per token.
 * @param lengths For each draw, the characters of its windows over their tokens; by default 1.
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

/**
 * The diffusion term of a sampler with finitely many steps (VDM, equation 13): ½ Σ (SNR of the level
 * reached − SNR of the level left) ‖e − x̂‖², x̂ asked at the level left. Above the continuous term,
 * and nearer to it with more steps.
 *
 * @param gammas Levels from clean to noisy, T + 1 of them.
 * @param squaredErrors Mean ‖e − x̂‖² at gammas[1], …, gammas[T].
 */
export function discreteDiffusion(
  gammas: readonly number[],
  squaredErrors: readonly number[],
): number {
  return 0.5 * squaredErrors.reduce(
    (sum, error, i) => sum + (Math.exp(-gammas[i]!) - Math.exp(-gammas[i + 1]!)) * error,
    0,
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a mean, from what is left beside it. */
function standardErrorOf(residuals: readonly number[]): number {
  const { length } = residuals;
  if (length < 2) return 0;
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0);
  return Math.sqrt(squares / (length - 1) / length);
}

/**
 * A walk of T = `steps` steps through a range of levels, as levels over time: all times of a step are
 * at the level that the step leaves, γ(t) = γ_k for k = ⌈Tt⌉ and γ_k the range's level at k/T.
 *
 * With the slope T(e^{γ_k − γ_{k−1}} − 1), the weight ½ γ'(t) e^{−γ(t)} of the continuous bound is
 * ½ T (SNR_{k−1} − SNR_k): the bound under this "range" is that of the T steps (VDM, equation 13;
 * `discreteDiffusion` is its diffusion term), with the same cleanest and noisiest levels. It is that
 * of ancestral sampling (ddpm) at temperature 1.
 *
 * @param steps A whole number from 1.
 */
export function finiteWalk(range: NoiseRange, steps: number): NoiseRange {
  const stepOf = (t: number) => Math.min(steps, Math.max(1, Math.ceil(steps * t)));
  return {
    gamma: (t) => range.gamma(t <= 0 ? 0 : stepOf(t) / steps),
    slope(t) {
      const k = stepOf(t);
      return steps * Math.expm1(range.gamma(k / steps) - range.gamma((k - 1) / steps));
    },
  };
}
