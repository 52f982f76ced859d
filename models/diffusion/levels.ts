/** Which noise levels a sampler stops at. */
import { UserError } from "../../engine/host/mod.ts";
import type { Spacing } from "./names/mod.ts";
import type { Schedule } from "./schedule.ts";
import { karrasSigma } from "./schedule_definitions.ts";
import { edmSigma, gammaOfEdmSigma } from "./views.ts";

export interface LevelOptions {
  /** By default "trailing". */
  readonly spacing?: Spacing;
  /** The time to start from, in (0, 1]: below 1 for image-to-image. By default 1. */
  readonly from?: number;
  /** ρ of "karras", by default 7. */
  readonly rho?: number;
}

/**
 * Noise levels for sampling in `steps` steps, from noisy to clean.
 *
 * @returns `steps` + 1 values of γ for `sampleDiffusion`, the last −∞.
 * @throws {UserError} If `steps` is not a positive whole number, or an option is out of its range or
 * does not fit the schedule.
 */
export function samplingLevels(
  schedule: Schedule,
  steps: number,
  options: LevelOptions = {},
): number[] {
  const { spacing = "trailing", from = 1, rho } = options;
  if (!Number.isInteger(steps) || steps < 1) {
    throw new UserError(`steps is ${steps}: sampling needs a whole number of steps, at least 1`);
  }
  if (!(from > 0 && from <= 1)) {
    throw new UserError(`from is ${from}: sampling starts from a time above 0 and at most 1`);
  }
  if (rho !== undefined && spacing !== "karras") {
    throw new UserError(`rho is ${rho} with spacing "${spacing}": it belongs to "karras"`);
  }
  if (rho !== undefined && !(rho > 0 && Number.isFinite(rho))) {
    throw new UserError(`rho is ${rho}: it is an exponent above 0, 7 by default`);
  }
  const at = spacing === "karras"
    ? karrasLevels(schedule, from, rho ?? 7)
    : (t: number) => schedule.gamma(from * t);
  const positions = Array.from({ length: steps }, (_, i) => positionOf(i, steps, spacing));
  return [...positions.map(at), -Infinity];
}

/** Where step i of n starts, from 1 (noisy) to 0 (clean). */
function positionOf(i: number, n: number, spacing: Spacing): number {
  switch (spacing) {
    case "trailing":
      return 1 - i / n;
    case "leading":
      return 1 - (i + 1) / n;
    case "linspace":
    case "karras":
      return n === 1 ? 1 : 1 - i / (n - 1);
  }
  return spacing satisfies never;
}

function karrasLevels(schedule: Schedule, from: number, rho: number): (t: number) => number {
  const sigmaMin = edmSigma(schedule.gamma(0)), sigmaMax = edmSigma(schedule.gamma(from));
  if (sigmaMax === Infinity) {
    throw new UserError(
      `spacing is "karras" with schedule "${schedule.name}", which ends in pure noise: its largest ` +
        'sigma is infinite; use "trailing", or from below 1',
    );
  }
  return (t) => gammaOfEdmSigma(karrasSigma(t, sigmaMin, sigmaMax, rho));
}
