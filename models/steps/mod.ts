/** Functions over tensors that an engine compiles, each with its inputs. */
export {
  batchSignature,
  compileStep,
  diffuse,
  firstRows,
  input,
  inputArrays,
  parameterSignature,
  perExample,
  perExampleInput,
  sharedInput,
  type Step,
  type StepInput,
} from "./step.ts";
export { denoiser, type DenoisingNetwork, trainingStep, validationStep } from "./denoising.ts";
