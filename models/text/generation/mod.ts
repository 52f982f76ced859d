/** Writing text with a trained network. */
export { columns } from "./choose.ts";
export { logProbabilities } from "./choose.ts";
export { generate } from "./generate.ts";
export {
  type DenoiseRequest,
  type Generated,
  type GenerationRequest,
  type TextFrame,
  type TextModel,
} from "./types.ts";
