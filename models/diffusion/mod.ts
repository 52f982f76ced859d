/**
 * The mathematics of diffusion, for points of any shape: noise levels, schedules, samplers, objectives,
 * guidance. It knows no modality and loads no TensorFlow.js; its notation is defined in `notation.ts`.
 *
 * Read in this order: notation, schedules, levels, objective, samplers and their options, guidance, plan,
 * sample.
 */
export { alphaSigma, type Amplitudes, type Arithmetic, noiseInputs } from "./notation.ts";
export { type Schedule, schedule, scheduleNames, timeAt } from "./schedules.ts";
export {
  levelFields,
  samplingLevels,
  stratifiedTimes,
  timeSamplingNames,
  trainingLevel,
} from "./levels.ts";
export {
  isLimited,
  lossWeights,
  type Objective,
  parameterizationOf,
  requireTrainable,
  targetNames,
  targets,
  weightingNames,
  type WeightOptions,
} from "./objective.ts";
export { type SamplerName, samplerNames, samplers } from "./samplers.ts";
export { samplerOptionFields, samplersWith, solver } from "./sampler_options.ts";
export { guidanceAt, guide, type Inpainting, isGuided, rescaleGuidance } from "./guidance.ts";
export { type Draw, type Evaluation, isFrame, type PlanOptions, samplingPlan } from "./plan.ts";
export { type Denoise, describeEvaluation, sampleDiffusion, sampleStart } from "./sample.ts";
