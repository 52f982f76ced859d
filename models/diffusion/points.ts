import type { Combination } from "./solver.ts";

/** Points of any shape, flattened, in either precision. */
export type Points = Float32Array | Float64Array;

/** A new array like `like`, value by value. */
export function mapPoints<P extends Points>(like: P, value: (i: number) => number): P {
  const result = like.slice() as P;
  for (let i = 0; i < result.length; i++) result[i] = value(i);
  return result;
}

/** Carries out a combination; what it has no coefficient for may be left out. */
export function combine<P extends Points>(
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

/** a·x + b·y. */
export function mix<P extends Points>(a: number, x: P, b: number, y: P): P {
  return mapPoints(x, (i) => a * x[i]! + b * y[i]!);
}
