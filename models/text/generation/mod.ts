/** Writing text with a trained network. */
export { generate } from "./generate.ts";
export {
  type DenoiseRequest,
  type Generated,
  type GenerationRequest,
  type TextFrame,
  type TextModel,
} from "./types.ts";
