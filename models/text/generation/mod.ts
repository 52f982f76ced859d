/** Text generation with a trained network. */
export { columns } from "./choose.ts";
export { logProbabilities } from "./choose.ts";
export { generate } from "./generate.ts";
export {
  type DenoiseRequest,
  FIXED_LOGIT,
  type GenerationRequest,
  type SampledLogits,
  type SamplingLoop,
  type TextModel,
} from "./types.ts";
