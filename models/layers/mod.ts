/** Layers that image and text networks share, and the declaration of their parameters. */
export {
  declarations,
  type Init,
  initialParameters,
  parameterCount,
  type ParameterSpec,
  type Scope,
  type Tensors,
  unitNormal,
  zeros,
} from "./parameters.ts";
export {
  conditioning,
  conv2d,
  doubleSize,
  embedding,
  gelu,
  type Layer,
  linear,
  silu,
} from "./linear.ts";
export { groupNorm, layerNorm } from "./normalization.ts";
export {
  type Activation,
  attention,
  type KeyValues,
  type Rotary,
  rotaryConstants,
  rotaryTables,
  transformerBlock,
  transformerHead,
} from "./transformer.ts";
