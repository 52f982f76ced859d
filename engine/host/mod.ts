/**
 * The engine's part that works in plain arrays on the host: random numbers, the optimiser, weight
 * files, the error for callers' mistakes. It loads without TensorFlow.js, so that a server which
 * only answers questions starts at once. `engine/mod.ts` offers the same and the tensors beside it.
 */
export { type CheckedFile, decodeWithChecksum, encodeWithChecksum } from "./checksum.ts";
export { type DeviceName, deviceNames } from "./devices.ts";
export { accepted, type JsonSchema, jsonSchemaOf, rangeOf } from "./accepted.ts";
export { explained, UserError } from "./errors.ts";
export {
  explainIssues,
  type NameOf,
  parseWith,
  RefusedValue,
  withoutUndefined,
} from "./explain.ts";
export { emaDecayAt, updateEma } from "./ema.ts";
export { adamWStep, createAdamW, learningRateAt } from "./optimizer.ts";
export type { AdamWConfig, LearningRateSchedule, OptimizerState, Parameters } from "./optimizer.ts";
export { nearest } from "./nearest.ts";
export { integers, normals, permutation, streamHash, uniforms } from "./random.ts";
export type { RandomKey } from "./random.ts";
export { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
export type { SafeTensor, SafetensorsFile } from "./safetensors.ts";
export { shortened } from "./text.ts";
