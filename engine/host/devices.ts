import { UserError } from "./errors.ts";

/** The names that `openEngine` accepts. */
export const deviceNames = [
  "auto",
  "cpu",
  "webgpu",
  "cuda",
  "tensorflow",
  "tfjs-webgpu",
  "tfjs-cpu",
] as const;
export type DeviceName = typeof deviceNames[number];

/**
 * In what matrix products and convolutions are computed. With tf32 their factors are rounded to 10 bits
 * of mantissa and their sums are in float32.
 */
export const precisionNames = ["float32", "tf32"] as const;
export type Precision = typeof precisionNames[number];

/** @throws {UserError} If the device computes in no such precision, on any machine. */
export function requirePrecision(device: DeviceName, precision: Precision): void {
  if (precision === "float32" || device === "cuda" || device === "auto") return;
  throw new UserError(
    `precision is ${JSON.stringify(precision)}, which device ${device} does not have: ` +
      'use device cuda, or precision "float32"',
  );
}
