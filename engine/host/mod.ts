/**
 * The engine's part that works in plain arrays on the host: random numbers, the optimiser, weight
 * files, the names of devices, the error for callers' mistakes. It loads without TensorFlow.js, so
 * that a server which only answers questions starts at once. `engine/mod.ts` offers the same and the
 * tensors beside it.
 */
import { UserError } from "./errors.ts";

export {
  capital,
  counted,
  didYouMean,
  duration,
  explained,
  lazily,
  listed,
  nearest,
  orUndefined,
  shortened,
  uncapitalised,
  UserError,
} from "./errors.ts";
export {
  accepted,
  errorOfMarked,
  isObject,
  type JsonSchema,
  jsonSchemaOf,
  markedMessage,
  type NameOf,
  parseWith,
  rangeOf,
  RefusedValue,
  withoutUndefined,
} from "./explain.ts";
export { adamWStep, createAdamW, emaDecayAt, learningRateAt, updateEma } from "./optimizer.ts";
export type { AdamWConfig, OptimizerState, Parameters } from "./optimizer.ts";
export {
  type HashedKey,
  integers,
  normals,
  permutation,
  type RandomKey,
  streamHash,
  threefryBlock,
  uniforms,
  type WordArithmetic,
} from "./random.ts";
export {
  type CheckedFile,
  decodeSafetensors,
  decodeWithChecksum,
  encodeSafetensors,
  encodeWithChecksum,
  type SafeTensor,
} from "./safetensors.ts";

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
