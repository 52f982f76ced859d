/**
 * The notation of this folder.
 *
 * | symbol | meaning |
 * |---|---|
 * | x | a clean sample: a point |
 * | ε (`eps`) | unit normal noise of the same shape |
 * | z | the noisy point, z = α x + σ ε |
 * | γ (`gamma`) | −log SNR = log(σ²/α²): the noise level; −∞ is clean, +∞ is pure noise |
 * | α, σ | signal and noise amplitudes; variance preserving, α² + σ² = 1 |
 * | ᾱ | α² of the papers with discrete steps (`alphas_cumprod`) |
 * | t | time in [0, 1], 0 clean and 1 noisy |
 * | x̂, ε̂, v̂ | a network's estimate of x, of ε, of v = α ε − σ x |
 * | κ (`scale`) | z' = κ z: the same point under other amplitudes, see {@link viewScale} |
 *
 * Everything is a function of γ (Kingma et al. 2021, "Variational Diffusion Models", section 3), so
 * schedules, objectives and solvers are independent of each other. The functions here run on the host
 * in float64: near the ends, α or σ is so close to 1 that float32 could not represent the difference.
 *
 * The core is variance preserving throughout. EDM's x + σε and rectified flow's (1−t)x + tε are the
 * same process: any two pairs of amplitudes with one SNR differ by a common factor, here κ(γ). Training
 * and sampling in their terms are exact, and each of them consists of an objective (`objective.ts`), a
 * schedule and a Heun step, as functions of γ.
 */

/** Points of any shape, flattened, in either precision. */
export type Points = Float32Array | Float64Array;

/**
 * Arithmetic on values of one kind. Formulas that a compiled step computes over tensors are written
 * with it (`m`), so that this folder reads like its papers and loads no tensors.
 */
export interface Arithmetic<T> {
  add(a: T, b: T | number): T;
  sub(a: T, b: T): T;
  mul(a: T, b: T | number): T;
  div(a: T, b: T | number): T;
  square(a: T): T;
  sqrt(a: T): T;
  /** The mean over each example's values, broadcastable to the examples: [N, …] → [N, 1, …]. */
  meanPerExample(a: T): T;
}

/**
 * Signal and noise amplitudes: numbers at one noise level, or tensors of those of each example, broadcastable
 * to samples of shape [N, …]: [N, 1, …].
 */
export interface Amplitudes<T = number> {
  readonly alpha: T;
  readonly sigma: T;
}

/**
 * The variance-preserving amplitudes at a noise level: α² = sigmoid(−γ), σ² = sigmoid(γ)
 * (Kingma et al. 2021, section 3.1).
 *
 * @param gamma γ = −log SNR; ±∞ are allowed.
 */
export function alphaSigma(gamma: number): Amplitudes {
  return {
    alpha: Math.sqrt(1 / (1 + Math.exp(gamma))),
    sigma: Math.sqrt(1 / (1 + Math.exp(-gamma))),
  };
}

/** Returns the signal-to-noise ratio α²/σ² = e^−γ. */
export function snr(gamma: number): number {
  return Math.exp(-gamma);
}

/** Returns γ for the papers' ᾱ = α², in [0, 1]. */
export function gammaOfAlphaCumprod(alphaCumprod: number): number {
  return Math.log1p(-alphaCumprod) - Math.log(alphaCumprod);
}

/**
 * Returns the noise level as an angle in [0, 1], (2/π)·atan(σ/α), on which networks are conditioned.
 *
 * Unlike t it has the same meaning under every schedule, and unlike γ it is bounded. Under the plain
 * cosine schedule, α = cos(πt/2), it is t itself.
 */
export function noiseAngle(gamma: number): number {
  return 2 / Math.PI * Math.atan(Math.exp(gamma / 2));
}

/**
 * Returns the inputs of compiled training and denoising steps that describe noise levels, each of shape [N],
 * for a batch whose example i has the noise level `gammas[i]`.
 */
export function noiseInputs(
  gammas: ArrayLike<number>,
): Readonly<Record<"alpha" | "sigma" | "angle", Float32Array>> {
  const levels = Array.from(
    gammas,
    (gamma) => ({ ...alphaSigma(gamma), angle: noiseAngle(gamma) }),
  );
  return {
    alpha: Float32Array.from(levels, (level) => level.alpha),
    sigma: Float32Array.from(levels, (level) => level.sigma),
    angle: Float32Array.from(levels, (level) => level.angle),
  };
}

/** A step to a higher noise level, as a linear combination of the point and of fresh noise. */
export interface NoiseIncrease {
  /** The noise level that is reached. */
  readonly gamma: number;
  /** Coefficient of the point. */
  readonly z: number;
  /** Coefficient of the noise. */
  readonly noise: number;
}

/**
 * Returns the step of the forward process q(z_t | z_s) from one noise level to a noisier one,
 *
 *     z_t = (α_t/α_s) z_s + √(σ_t² − (α_t/α_s)² σ_s²) ξ
 *
 * (Kingma et al. 2021, appendix A.1). From γ_s = −∞ it adds noise to clean samples.
 */
export function noiseIncrease(gammaS: number, gammaT: number): NoiseIncrease {
  const s = alphaSigma(gammaS), t = alphaSigma(gammaT);
  return {
    gamma: gammaT,
    z: t.alpha / s.alpha,
    noise: t.sigma * Math.sqrt(-Math.expm1(gammaS - gammaT)),
  };
}

/**
 * The views of the process: other amplitudes (α', σ') with the same SNR. As α'/σ' = α/σ, there is a
 * κ(γ) with α' = κ α, σ' = κ σ, and the point z' = α' x + σ' ε is κ z.
 *
 * | view | α' | σ' | κ |
 * |---|---|---|---|
 * | `edm`, variance exploding (Karras et al. 2022, σ) | 1 | e^(γ/2) | 1/α |
 * | `flow`, rectified flow (Liu et al. 2023, t) | 1 − t | t | 1/(α + σ) |
 */
export type ViewName = "edm" | "flow";

/** κ of each view as a function of the noise level. That of `edm` is infinite in pure noise (γ = +∞). */
export const viewScale: { readonly [Name in ViewName]: (gamma: number) => number } = {
  edm: (gamma) => 1 / alphaSigma(gamma).alpha,
  flow: (gamma) => {
    const { alpha, sigma } = alphaSigma(gamma);
    return 1 / (alpha + sigma);
  },
};

/** Returns EDM's noise level σ' = σ/α = e^(γ/2). */
export function edmSigma(gamma: number): number {
  return Math.exp(gamma / 2);
}

/** Returns γ for EDM's noise level: 2 ln σ'. */
export function gammaOfEdmSigma(sigma: number): number {
  return 2 * Math.log(sigma);
}

/** Returns rectified flow's time t = σ/(α + σ): 0 is clean, 1 is pure noise. */
export function flowTime(gamma: number): number {
  return 1 / (1 + Math.exp(-gamma / 2));
}

/** Returns γ for rectified flow's time: 2 ln(t/(1 − t)). */
export function gammaOfFlowTime(t: number): number {
  return 2 * (Math.log(t) - Math.log1p(-t));
}
