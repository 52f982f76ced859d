/** Functions over tensors that an engine compiles, each with its inputs. */
export { diffuse, firstRows, input, perExample, tensorArithmetic } from "./step.ts";
export {
  compileStep,
  inputArrays,
  parameterSignature,
  perExampleInput,
  sharedInput,
  type Step,
  type StepInput,
} from "./step.ts";
export {
  denoiser,
  type DenoiserOptions,
  type DenoisingNetwork,
  type TrainingOptions,
  trainingStep,
  type ValidationOptions,
  validationStep,
} from "./denoising.ts";
