import { UserError } from "../../engine/mod.ts";
import type { Schedule } from "./schedule.ts";
import { type AncestralVariance, type Combination, ddim, ddpm } from "./solvers.ts";
import type { SamplerName, Solver } from "./solvers.ts";

/**
 * Estimates the clean samples x̂ behind noisy points `z` at one noise level. The result is read
 * before the next call, so it may be a buffer that the next call overwrites.
 */
export type Denoise = (z: Float32Array, gamma: number, step: number) => Promise<Float32Array>;

/** What happened in one step of sampling. The arrays are fresh: keep them, do not change them. */
export interface SampleStep {
  /** 1 … steps. */
  readonly step: number;
  readonly steps: number;
  /** The noise level reached. */
  readonly gamma: number;
  /** The points at that level. */
  readonly z: Float32Array;
  /** The estimate x̂ (clipped) that led there. */
  readonly denoised: Float32Array;
}

export interface SampleOptions {
  readonly sampler: SamplerName;
  /** γ of the start and after each step, strictly falling; −∞ as the last ends on x̂ itself. */
  readonly levels: readonly number[];
  /** Starting points: unit normal noise, any shape flattened. Not changed. */
  readonly z: Float32Array;
  /** Unit normal noise like `z` for step 1 … steps; asked for only where a step needs some. */
  noise(step: number): Float32Array;
  /** DDIM's η in [0, 1], default 0. */
  readonly eta?: number;
  /** DDPM's variance, default "small". */
  readonly variance?: AncestralVariance;
  /** The range of the data, to which x̂ is clipped before it is used; not clipped by default. */
  readonly clip?: readonly [low: number, high: number] | null;
  onStep?(step: SampleStep): void;
  readonly signal?: AbortSignal;
}

/**
 * Walks points from noise to data.
 *
 * The solver only ever sees x̂ and z, so clipping x̂ also corrects the noise estimate ε̂ that goes
 * with it.
 *
 * @returns The points at the last level.
 * @throws {UserError} If the levels do not fall strictly or an option does not fit the sampler.
 * @throws {Error} If a value stops being finite; the message names the step and γ.
 * @throws The signal's reason, once `signal` is aborted.
 */
export async function sampleDiffusion(
  denoise: Denoise,
  options: SampleOptions,
): Promise<Float32Array> {
  const { levels, signal } = options;
  requireFallingLevels(levels);
  const advance = solverOf(options).start();
  const steps = levels.length - 1;
  let z: Float32Array = options.z;
  for (let step = 1; step <= steps; step++) {
    signal?.throwIfAborted();
    const from = levels[step - 1]!, to = levels[step]!;
    const estimate = await denoise(z, from, step);
    requireFinite(estimate, z.length, `step ${step} of ${steps} (γ = ${from.toFixed(3)})`);
    const denoised = clipped(estimate, options.clip);
    const combination = advance(from, to);
    z = combine(combination, z, denoised, combination.noise > 0 ? options.noise(step) : undefined);
    options.onStep?.({ step, steps, gamma: to, z, denoised });
  }
  return z;
}

/**
 * Noise levels for sampling in `steps` steps: γ at even spaces of t from 1 down, and −∞ (the clean
 * estimate itself) in place of γ(0).
 *
 * @returns `steps` + 1 values for {@link SampleOptions.levels}.
 * @throws {UserError} If `steps` is not a positive whole number.
 */
export function samplingLevels(schedule: Schedule, steps: number): number[] {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new UserError(`steps is ${steps}: sampling needs a whole number of steps, at least 1`);
  }
  return Array.from(
    { length: steps + 1 },
    (_, i) => i === steps ? -Infinity : schedule.gamma(1 - i / steps),
  );
}

function solverOf({ sampler, eta, variance }: SampleOptions): Solver {
  switch (sampler) {
    case "ddpm":
      if (eta !== undefined) {
        throw new UserError(`eta is ${eta} with sampler "ddpm": only "ddim" takes eta`);
      }
      return ddpm(variance);
    case "ddim":
      if (variance !== undefined) {
        throw new UserError(`variance is "${variance}" with sampler "ddim": only "ddpm" takes it`);
      }
      return ddim(eta);
  }
  return sampler satisfies never;
}

function requireFallingLevels(levels: readonly number[]): void {
  if (levels.length < 2) {
    throw new UserError(`levels has ${levels.length} entries: sampling needs at least 2`);
  }
  for (let i = 1; i < levels.length; i++) {
    if (!(levels[i]! < levels[i - 1]!)) {
      throw new UserError(
        `levels[${i}] = ${levels[i]} does not lie below levels[${i - 1}] = ${levels[i - 1]}: ` +
          "sampling goes from noisy (high γ) to clean (low γ)",
      );
    }
  }
}

function clipped(values: Float32Array, range: SampleOptions["clip"]): Float32Array {
  if (!range) return values.slice();
  const [low, high] = range;
  return values.map((value) => Math.min(Math.max(value, low), high));
}

function requireFinite(estimate: Float32Array, length: number, where: string): void {
  if (estimate.length !== length) {
    throw new Error(`The denoiser returned ${estimate.length} values for ${length} at ${where}`);
  }
  const bad = estimate.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new Error(`Sampling stopped at ${where}: the denoiser returned ${estimate[bad]}`);
  }
}

function combine(
  by: Combination,
  z: Float32Array,
  denoised: Float32Array,
  noise: Float32Array | undefined,
): Float32Array {
  return z.map((value, i) =>
    by.z * value + by.denoised * denoised[i]! + (noise ? by.noise * noise[i]! : 0)
  );
}
