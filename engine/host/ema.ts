/** Exponential moving averages of weights, the weights that a trained model is sampled with. */
import type { Parameters } from "./optimizer.ts";

/**
 * The decay to use at a step counted from 0: min(maximum, (1 + step) / (10 + step)). It lets the
 * average forget the initial weights quickly at first (the rule of TensorFlow's
 * `ExponentialMovingAverage` with `num_updates`).
 */
export function emaDecayAt(step: number, maximum: number): number {
  return Math.min(maximum, (1 + step) / (10 + step));
}

/** Moves the average towards the parameters, in place: ema ← decay·ema + (1 − decay)·parameters. */
export function updateEma(ema: Parameters, parameters: Parameters, decay: number): void {
  for (const [name, { data }] of Object.entries(parameters)) {
    const average = ema[name]?.data;
    if (average?.length !== data.length) {
      throw new Error(
        `Internal: the average of \`${name}\` has ${average?.length ?? "no"} elements, ` +
          `the parameter has ${data.length}`,
      );
    }
    for (let i = 0; i < data.length; i++) {
      average[i] = average[i]! + (1 - decay) * (data[i]! - average[i]!);
    }
  }
}
