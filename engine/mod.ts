/** The engine: tracing, compiled and eager programs on each device, the optimiser, and random numbers. */
export { type ChoiceOptions, chooseEngine } from "./choice/choose.ts";
export type { DeviceChoice, Workload } from "./choice/measure.ts";
export { compileStateful, openEngine } from "./device.ts";
export {
  adamWStep,
  createAdamW,
  decodeSafetensors,
  decodeWithChecksum,
  emaDecayAt,
  encodeSafetensors,
  encodeWithChecksum,
  integers,
  learningRateAt,
  normals,
  permutation,
  uniforms,
  updateEma,
  UserError,
} from "./host/mod.ts";
export type {
  AdamWConfig,
  CheckedFile,
  OptimizerState,
  Parameters,
  RandomKey,
  SafeTensor,
} from "./host/mod.ts";
export { cudaTrouble } from "./kernels/cuda.ts";
export { compileMuon } from "./muon.ts";
export type { Muon } from "./muon.ts";
export { dropout, randomNormal, randomUniform } from "./random.ts";
export { tf } from "./tf.ts";
export {
  CONTROL_SIGNATURE,
  controlArrays,
  type FlatLayout,
  flatLayout,
  flatten,
  stateSignature,
  unflatten,
  type UpdateConfig,
  updateFunction,
  WINDOW,
} from "./update.ts";
export type {
  Arrays,
  Constant,
  DeviceName,
  DType,
  Engine,
  Precision,
  Program,
  Replicas,
  ResidentProgram,
  Signature,
  TensorFunction,
  TensorSpec,
} from "./types.ts";
