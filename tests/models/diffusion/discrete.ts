/** The papers' discrete view of schedules: ᾱ_k (`alphas_cumprod`) for steps k = 0 … T − 1. */

/** The schedules that papers define by discrete steps. */
export type DiscreteSchedule = "linear" | "scaled-linear" | "cosine" | "sigmoid" | "sqrt";

/**
 * ᾱ_k = Π_{i≤k} (1 − β_i) for k = 0 … T − 1.
 *
 * Linear: β from 1e-4 to 2e-2, scaled by 1000/T (Ho et al. 2020, section 4); scaled linear: the same
 * with √β linear. Schedules given by a signal f: β_k = 1 − f((k+1)/T)/f(k/T), at most 0.999 (Nichol &
 * Dhariwal 2021, equation 17).
 */
export function alphasCumprod(
  name: DiscreteSchedule,
  steps = 1000,
  { zeroTerminalSnr = false } = {},
): Float64Array {
  let product = 1;
  const view = Float64Array.from({ length: steps }, (_, k) => product *= 1 - betas[name](k, steps));
  return zeroTerminalSnr ? rescaleToZeroTerminalSnr(view) : view;
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

const between = (from: number, to: number, k: number, steps: number) =>
  from + k / (steps - 1) * (to - from);
const fromSignal = (f: (u: number) => number) => (k: number, steps: number) =>
  Math.min(1 - f((k + 1) / steps) / f(k / steps), 0.999);
const logistic = (x: number) => 1 / (1 + Math.exp(-x));

const betas: Readonly<Record<DiscreteSchedule, (k: number, steps: number) => number>> = {
  linear: (k, steps) => between(0.1, 20, k, steps) / steps,
  "scaled-linear": (k, steps) => between(Math.sqrt(0.1), Math.sqrt(20), k, steps) ** 2 / steps,
  cosine: fromSignal((u) => Math.cos((u + 0.008) / 1.008 * Math.PI / 2) ** 2),
  sigmoid: fromSignal((u) => logistic(3) - logistic(6 * u - 3)),
  sqrt: fromSignal((u) => 1 - Math.sqrt(u + 1e-4)),
};
