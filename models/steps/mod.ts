/** Steps: functions over tensors together with their inputs, ready to be compiled. */
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
export { NOISE_STEP, type NoiseInput, withDrawnNoise } from "./step.ts";
export { compileSampling, needsOf, type SamplingNeeds, type SamplingProgram } from "./sampling.ts";
export { runSampling } from "./sampling_run.ts";
export { denoiser, type DenoisingNetwork, trainingStep, validationStep } from "./denoising.ts";
