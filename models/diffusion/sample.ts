/** The sampling loop of all samplers, carried out on the host. */
import { UserError } from "../../engine/host/mod.ts";
import { type Inpainting, requireInpainting } from "./guidance.ts";
import { alphaSigma, type Points } from "./notation.ts";
import { type Evaluation, type PlanOptions, samplingPlan } from "./plan.ts";
import type { Combination } from "./samplers.ts";

/**
 * Returns the denoised estimate x̂ of points `z` at one noise level. The result is read before the next
 * call, so it may be a buffer that is reused.
 *
 * @param previous The (clipped) estimate of the previous call, for self-conditioned networks; undefined in
 * the first call.
 */
export type Denoise<P extends Points = Float32Array> = (
  z: P,
  gamma: number,
  step: number,
  previous: P | undefined,
) => Promise<P>;

/** The state after one sampling step. Its arrays are not reused, and must not be modified. */
export interface SampleStep<P extends Points = Float32Array> {
  /** 1 … steps. */
  readonly step: number;
  /**
   * Total number of steps, including those of every resampling iteration of in-painting and the estimate
   * at the end.
   */
  readonly steps: number;
  /** Number of denoiser evaluations so far. */
  readonly evaluations: number;
  /** Input of the denoiser: the points and their level, after any noise that was added first. */
  readonly from: { readonly gamma: number; readonly z: P };
  /** Output of the denoiser x̂ for `from` (clipped). */
  readonly denoised: P;
  /** The noise level reached. */
  readonly gamma: number;
  /** The points at that level. */
  readonly z: P;
}

export interface SampleOptions<P extends Points = Float32Array> extends PlanOptions {
  /** The initial noise, flattened. It is not modified. */
  readonly z: P;
  /**
   * Returns unit normal noise shaped like `z` for draw 1, 2, …; the same draw always returns the same noise.
   * It is called only if a step needs noise: for ancestral samplers, once in each step except the last.
   */
  noise(draw: number): P;
  /**
   * Clean samples to start from (image-to-image; Meng et al. 2022, "SDEdit", algorithm 1): sampling starts
   * from these samples, noised to `levels[0]` with the noise `z`.
   */
  readonly origin?: P | undefined;
  readonly inpaint?: Inpainting<P> | undefined;
  /** The range of the data, to which x̂ is clipped. By default it is not clipped. */
  readonly clip?: readonly [low: number, high: number] | null;
  onStep?(step: SampleStep<P>): void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Samples points from noise.
 *
 * Samplers use x̂ and z only, so clipping x̂ also corrects the corresponding noise estimate ε̂. The
 * computation has the precision of `z`.
 *
 * @returns The points at the last level.
 * @throws {UserError} If the levels are not strictly decreasing, or options contradict each other.
 * @throws {Error} If a value is not finite; the message names the step and γ.
 * @throws The reason of the signal, if it is aborted.
 */
export async function sampleDiffusion<P extends Points = Float32Array>(
  denoise: Denoise<P>,
  options: SampleOptions<P>,
): Promise<P> {
  const { inpaint, signal } = options;
  const plan = samplingPlan(options);
  let base = sampleStart(options);
  let reached = base;
  let estimate: P | undefined;
  let first: Pick<SampleStep<P>, "from" | "denoised"> | undefined;
  for (const [index, evaluation] of plan.entries()) {
    const { step, steps, raises, gamma, move, corrects } = evaluation;
    if (!corrects) signal?.throwIfAborted();
    for (const raise of raises) base = mix(raise.z, base, raise.noise, options.noise(raise.draw));
    const z = corrects ? reached : base;
    const previous = evaluation.hasPrevious ? estimate : undefined;
    const unclipped = await denoise(z, gamma, step, previous);
    requireFinite(unclipped, z.length, describeEvaluation(evaluation));
    const denoised = clipped(unclipped, options.clip);
    const noise = move.draw === undefined ? undefined : options.noise(move.draw);
    reached = combine(move, base, denoised, previous, noise);
    estimate = denoised;
    if (!corrects) first = { from: { gamma, z }, denoised };
    if (!evaluation.endsStep) continue;
    if (inpaint && evaluation.known) {
      const { draw } = evaluation.known;
      const fresh = draw === undefined ? undefined : options.noise(draw);
      reached = withKnown(reached, inpaint, evaluation.reached, fresh);
    }
    base = reached;
    options.onStep?.({
      step,
      steps,
      evaluations: index + 1,
      ...first!,
      gamma: evaluation.reached,
      z: base,
    });
  }
  return base;
}

/** The place of an evaluation in its loop, for messages. */
export function describeEvaluation({ step, steps, gamma }: Evaluation): string {
  return `step ${step} of ${steps} (γ = ${gamma.toFixed(3)})`;
}

/**
 * Returns the points that sampling starts from: the noise itself, or clean samples with so much of it.
 *
 * @throws {UserError} If the lengths do not match, or the mask of in-painting is none.
 */
export function sampleStart<P extends Points>(
  { z, levels, origin, inpaint }: Pick<
    SampleOptions<P>,
    "z" | "levels" | "origin" | "inpaint"
  >,
): P {
  const gamma = levels[0]!;
  if (origin && origin.length !== z.length) {
    throw new UserError(
      `origin has ${origin.length} values for ${z.length} in z: they must match`,
    );
  }
  const { alpha, sigma } = alphaSigma(gamma);
  const start = origin ? mix(alpha, origin, sigma, z) : z;
  if (!inpaint) return start;
  requireInpainting(inpaint, z.length);
  return withKnown(start, inpaint, gamma, z);
}

/** Replaces the known part of the points by the known values at a noise level. */
function withKnown<P extends Points>(
  z: P,
  { known, mask }: Inpainting<P>,
  gamma: number,
  noise: P | undefined,
): P {
  const { alpha, sigma } = alphaSigma(gamma);
  return mapPoints(
    z,
    (i) => mask[i] === 0 ? z[i]! : alpha * known[i]! + (noise ? sigma * noise[i]! : 0),
  );
}

function clipped<P extends Points>(values: P, range: SampleOptions["clip"]): P {
  if (!range) return values.slice() as P;
  const [low, high] = range;
  return mapPoints(values, (i) => Math.min(Math.max(values[i]!, low), high));
}

function requireFinite(estimate: Points, length: number, where: string): void {
  if (estimate.length !== length) {
    throw new Error(`The denoiser returned ${estimate.length} values for ${length} at ${where}`);
  }
  const bad = estimate.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new Error(`Sampling stopped at ${where}: the denoiser returned ${estimate[bad]}`);
  }
}

/** Returns a new array of the type and length of `like`. */
function mapPoints<P extends Points>(like: P, value: (i: number) => number): P {
  const result = like.slice() as P;
  for (let i = 0; i < result.length; i++) result[i] = value(i);
  return result;
}

/** Evaluates a linear combination; terms with a zero coefficient may be undefined. */
function combine<P extends Points>(
  by: Combination,
  z: P,
  denoised: P,
  previous: P | undefined,
  noise: P | undefined,
): P {
  const ofPrevious = by.previous ?? 0;
  return mapPoints(z, (i) => {
    let value = by.z * z[i]! + by.denoised * denoised[i]!;
    if (previous && ofPrevious !== 0) value += ofPrevious * previous[i]!;
    if (noise) value += by.noise * noise[i]!;
    return value;
  });
}

/** Returns a·x + b·y. */
function mix<P extends Points>(a: number, x: P, b: number, y: P): P {
  return mapPoints(x, (i) => a * x[i]! + b * y[i]!);
}
