/** Layers that image and text networks share: how parameters are declared, and what uses them. */
export {
  declarations,
  fanInUniform,
  type Init,
  initialParameters,
  ones,
  parameterCount,
  type ParameterSpec,
  type Pick,
  type Scope,
  type Tensors,
  unitNormal,
  zeros,
} from "./parameters.ts";
export { gelu, silu } from "./linear.ts";
export { attention } from "./transformer.ts";
export { conv2d, type ConvOptions } from "./linear.ts";
export { embedding, type Layer, type LayerOptions, linear } from "./linear.ts";
export { groupNorm, layerNorm, standardize } from "./normalization.ts";
export { type Rotary, rotaryConstants, rotaryTables, rotate } from "./transformer.ts";
export {
  type Activation,
  type KeyValues,
  type TransformerBlock,
  transformerBlock,
  transformerHead,
  type TransformerOptions,
} from "./transformer.ts";
export { doubleSize } from "./linear.ts";
