/**
 * A sampling loop as the list of its evaluations of the denoiser. What is done with each estimate x̂ depends
 * on the noise levels alone, so the whole loop is known before it begins, and is carried out on the host
 * (`sample.ts`) or on a device (`steps/sampling.ts`).
 */
import { UserError } from "../../engine/host/mod.ts";
import { type Inpainting, repaintOrder } from "./guidance.ts";
import {
  alphaSigma,
  type Amplitudes,
  type NoiseIncrease,
  noiseIncrease,
  type Points,
} from "./notation.ts";
import { type SamplerOptions, solver } from "./sampler_options.ts";
import type { Combination, SamplerName, StepCoefficients } from "./samplers.ts";

/** Noise to be drawn, by its number from 1 up: the same number always stands for the same noise. */
export type Draw = number;

/** One evaluation of the denoiser, with what is done to the points before and after it. */
export interface Evaluation {
  /** The sampling step that it belongs to, 1 … steps. */
  readonly step: number;
  readonly steps: number;
  /** Increases of the noise, carried out first: z ← `z`·z + `noise`·ξ. */
  readonly raises: readonly (NoiseIncrease & { readonly draw: Draw })[];
  /** The noise level at which the denoiser is evaluated. */
  readonly gamma: number;
  /** Whether the estimate before it still applies, so that the denoiser may be conditioned on it. */
  readonly hasPrevious: boolean;
  /** The point reached, from z_t, this estimate and the one before it. */
  readonly move: Combination & { readonly draw?: Draw | undefined };
  /**
   * Whether the denoiser is evaluated at the point that the evaluation before it reached. `move` starts from
   * z_t nevertheless.
   */
  readonly corrects: boolean;
  /** Whether this is the last evaluation of its step: the point reached is the z_t of the next. */
  readonly endsStep: boolean;
  /** The noise level reached. */
  readonly reached: number;
  /** For in-painting: how the known part is put in place. Without a draw it gets no noise. */
  readonly known?: (Amplitudes & { readonly draw?: Draw | undefined }) | undefined;
}

export interface PlanOptions {
  readonly sampler: SamplerName;
  /** Options of the sampler. */
  readonly options?: SamplerOptions | undefined;
  /** γ at the start and after each step, strictly decreasing. With −∞ as the last level, the result is x̂. */
  readonly levels: readonly number[];
  readonly inpaint?: Pick<Inpainting<Points>, "resamples" | "jumpLength"> | undefined;
  /**
   * Whether the loop ends with an estimate x̂ at the last level, as a step that leaves the points as they
   * are. By default it ends with the points.
   */
  readonly endsWithEstimate?: boolean | undefined;
}

/**
 * Returns the evaluations of a sampling loop, in their order.
 *
 * @throws {UserError} If the levels are not strictly decreasing, or options contradict each other.
 */
export function samplingPlan(
  { sampler, options, levels, inpaint, endsWithEstimate = false }: PlanOptions,
): Evaluation[] {
  requireFallingLevels(levels);
  const { start } = solver(sampler, options);
  const order = stepOrder(levels.length - 1, inpaint);
  const steps = order.length + Number(endsWithEstimate);
  const plan: Evaluation[] = [];
  let draws = 0;
  let advance = start();
  let gamma = levels[0]!;
  let hasPrevious = false;
  for (const [index, level] of order.entries()) {
    const from = levels[level]!, to = levels[level + 1]!;
    const raises: Evaluation["raises"][number][] = [];
    if (gamma < from) {
      raises.push({ ...noiseIncrease(gamma, from), draw: ++draws });
      // An estimate at a lower level does not apply to the point that noise was added to.
      advance = start();
      hasPrevious = false;
    }
    const { raise, corrected, ...move }: StepCoefficients = advance(from, to);
    if (raise) raises.push({ ...raise, draw: ++draws });
    const first: Evaluation = {
      step: index + 1,
      steps,
      raises,
      gamma: raise?.gamma ?? from,
      hasPrevious,
      move: { ...move, draw: move.noise > 0 ? ++draws : undefined },
      corrects: false,
      endsStep: !corrected,
      reached: to,
    };
    if (corrected) plan.push(first);
    const last = corrected
      ? {
        ...first,
        raises: [],
        gamma: to,
        hasPrevious: true,
        move: corrected,
        corrects: true,
        endsStep: true,
      }
      : first;
    const known = inpaint && { ...alphaSigma(to), draw: to > -Infinity ? ++draws : undefined };
    plan.push({ ...last, known });
    hasPrevious = true;
    gamma = to;
  }
  if (endsWithEstimate) {
    plan.push({
      step: steps,
      steps,
      raises: [],
      gamma,
      hasPrevious,
      move: { z: 1, denoised: 0, noise: 0 },
      corrects: false,
      endsStep: true,
      reached: gamma,
    });
  }
  return plan;
}

/** Returns whether a step, 1 … `steps`, is one of `count` steps that are evenly spaced from first to last. */
export function isFrame(step: number, steps: number, count: number): boolean {
  const shown = Math.min(count, steps);
  return Array.from(
    { length: shown },
    (_, i) => 1 + Math.round(i * (steps - 1) / Math.max(1, shown - 1)),
  ).includes(step);
}

/** Returns the index of the level that each step starts from. */
function stepOrder(steps: number, inpaint: PlanOptions["inpaint"]): number[] {
  const { jumpLength = 1, resamples = inpaint ? 10 : 1 } = inpaint ?? {};
  return repaintOrder(steps, jumpLength, resamples);
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
