/**
 * The engine's part that works in plain arrays on the host: random numbers, the optimiser, weight
 * files, the error for callers' mistakes. It loads without TensorFlow.js, so that a server which
 * only answers questions starts at once. `engine/mod.ts` offers the same and the tensors beside it.
 */
export {
  type DeviceName,
  deviceNames,
  type Precision,
  precisionNames,
  requirePrecision,
} from "./devices.ts";
export { didYouMean, explained, nearest, shortened, UserError } from "./errors.ts";
export {
  accepted,
  errorOfMarked,
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
  uniforms,
} from "./random.ts";
export {
  type CheckedFile,
  decodeSafetensors,
  decodeWithChecksum,
  encodeSafetensors,
  encodeWithChecksum,
  type SafeTensor,
} from "./safetensors.ts";
export { counted, duration, listed } from "./errors.ts";
