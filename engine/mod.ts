/** Where tensors run: tracing, ONNX Runtime sessions, eager twins, optimiser, random numbers. */
export { UserError } from "./errors.ts";
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
