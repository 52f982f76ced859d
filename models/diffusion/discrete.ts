/** The papers' discrete view of schedules: ᾱ_k (`alphas_cumprod`) for steps k = 0 … T − 1. */
import { alphaSigma } from "./notation.ts";
import type { ScheduleName } from "./names/mod.ts";
import { schedule, type ScheduleOptions } from "./schedule.ts";
import {
  betaMax,
  betaMin,
  cosineSignal,
  sigmoidSignal,
  sqrtSignal,
} from "./schedule_definitions.ts";

/**
 * ᾱ_k = Π_{i≤k} (1 − β_i) for k = 0 … T − 1.
 *
 * Linear: β from 1e-4 to 2e-2, scaled by 1000/T (Ho et al. 2020, section 4); scaled linear: the same
 * with √β linear. Schedules given by a signal f: β_k = 1 − f((k+1)/T)/f(k/T), at most 0.999 (Nichol &
 * Dhariwal 2021, equation 17). The others, which no paper defines by β: α² at even spaces of t.
 *
 * @param steps T, at least 2.
 */
export function alphasCumprod(
  name: ScheduleName,
  steps = 1000,
  options: ScheduleOptions = {},
): Float64Array {
  const view = discreteViews[name](steps);
  return options.zeroTerminalSnr ? rescaleToZeroTerminalSnr(view) : view;
}

/**
 * ᾱ shifted and scaled in √ᾱ so that the last is zero and the first is kept (Lin et al. 2024,
 * algorithm 1).
 */
export function rescaleToZeroTerminalSnr(alphasCumprod: ArrayLike<number>): Float64Array {
  const roots = Float64Array.from(alphasCumprod, Math.sqrt);
  const first = roots[0]!, last = roots.at(-1)!;
  return roots.map((root) => ((root - last) * first / (first - last)) ** 2);
}

type DiscreteView = (steps: number) => Float64Array;

const discreteViews: { readonly [Name in ScheduleName]: DiscreteView } = {
  linear: fromBetas((k, steps) => (betaMin + k / (steps - 1) * (betaMax - betaMin)) / steps),
  "scaled-linear": fromBetas((k, steps) => {
    const from = Math.sqrt(betaMin), to = Math.sqrt(betaMax);
    return (from + k / (steps - 1) * (to - from)) ** 2 / steps;
  }),
  cosine: fromSignal(cosineSignal),
  sigmoid: fromSignal(sigmoidSignal),
  sqrt: fromSignal(sqrtSignal),
  edm: fromSchedule("edm"),
  flow: fromSchedule("flow"),
};

function fromBetas(beta: (k: number, steps: number) => number): DiscreteView {
  return (steps) => {
    let product = 1;
    return Float64Array.from({ length: steps }, (_, k) => product *= 1 - beta(k, steps));
  };
}

function fromSignal(f: (u: number) => number): DiscreteView {
  return fromBetas((k, steps) => Math.min(1 - f((k + 1) / steps) / f(k / steps), 0.999));
}

function fromSchedule(name: ScheduleName): DiscreteView {
  return (steps) =>
    Float64Array.from(
      { length: steps },
      (_, k) => alphaSigma(schedule(name).gamma(k / (steps - 1))).alpha ** 2,
    );
}
