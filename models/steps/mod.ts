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
  tensorArithmetic,
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
