/** Steps: functions over tensors together with their inputs, ready to be compiled. */
export {
  batchSignature,
  compileStep,
  input,
  inputArrays,
  NOISE_STEP,
  type NoiseInput,
  parameterSignature,
  perExampleInput,
  sharedInput,
  type Step,
  withDrawnNoise,
} from "./step.ts";
export { diffuse, firstRows, lossAndGradients, perExample, selfConditions } from "./tensors.ts";
export { compileSampling, needsOf, type SamplingNeeds, type SamplingProgram } from "./sampling.ts";
export { runSampling } from "./sampling_run.ts";
export { denoiser, type DenoisingNetwork, trainingStep, validationStep } from "./denoising.ts";
