/** Where tensors run: tracing, ONNX Runtime sessions, eager twins, optimiser, random numbers. */
export { openEngine } from "./device.ts";
export { UserError } from "./errors.ts";
export { emaDecayAt, updateEma } from "./ema.ts";
export { adamWStep, createAdamW, learningRateAt } from "./optimizer.ts";
export type { AdamWConfig, LearningRateSchedule, OptimizerState, Parameters } from "./optimizer.ts";
export { integers, normals, permutation, uniforms } from "./random.ts";
export type { RandomKey } from "./random.ts";
export { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
export type { SafeTensor, SafetensorsFile } from "./safetensors.ts";
export { tf } from "./tf.ts";
export type {
  Arrays,
  CompileOptions,
  Constant,
  DeviceName,
  DType,
  Engine,
  Program,
  Replicas,
  Signature,
  TensorFunction,
  TensorSpec,
} from "./types.ts";
