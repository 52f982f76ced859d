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
export { gelu, silu } from "./linear.ts";
export { attention } from "./transformer.ts";
export { conv2d } from "./linear.ts";
export { embedding, type Layer, linear } from "./linear.ts";
export { groupNorm, layerNorm } from "./normalization.ts";
export { type Rotary, rotaryConstants, rotaryTables } from "./transformer.ts";
export {
  type Activation,
  type KeyValues,
  transformerBlock,
  transformerHead,
} from "./transformer.ts";
export { doubleSize } from "./linear.ts";
