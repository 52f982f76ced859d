/** Choices from a seed. */
import { uniforms } from "../../../engine/mod.ts";

export interface Draw {
  /** A number from low to below high. */
  number(low: number, high: number): number;
  /** A whole number from low to high. */
  whole(low: number, high: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  one<T>(values: readonly T[]): T;
  /** The values in another order. */
  shuffled<T>(values: readonly T[]): T[];
}

/** The choices of one program: a function of its seed. */
export function drawFrom(seed: number): Draw {
  const numbers = uniforms({ seed, stream: "program", step: 0 }, 4096);
  let next = 0;
  const number = (low: number, high: number) =>
    low + (high - low) * numbers[next++ % numbers.length]!;
  const whole = (low: number, high: number) => Math.min(high, Math.floor(number(low, high + 1)));
  const one = <T>(values: readonly T[]): T => values[whole(0, values.length - 1)]!;
  return {
    number,
    whole,
    chance: (probability) => number(0, 1) < probability,
    one,
    shuffled(values) {
      const rest = [...values];
      return values.map(() => rest.splice(whole(0, rest.length - 1), 1)[0]!);
    },
  };
}
