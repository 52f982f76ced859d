/** Where tensors run: tracing, ONNX Runtime sessions, eager twins, optimiser, random numbers. */
export { chooseEngine, openTracingEngine } from "./choice/mod.ts";
export type { Candidate, ChoiceOptions, DeviceChoice, Workload } from "./choice/mod.ts";
export { openEngine } from "./device.ts";
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
export { compileMuon, orthogonalized } from "./muon.ts";
export type { Muon } from "./muon.ts";
export { dropout, randomNormal, randomUniform } from "./random.ts";
export { compileStateful } from "./stateful.ts";

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
