/**
 * The mathematics of diffusion, for points of any shape: noise levels, schedules, samplers, objectives,
 * guidance. It knows no modality and loads no TensorFlow.js; its notation is defined in `notation.ts`.
 *
 * Read in this order: notation, schedules, levels, objective, samplers, guidance, plan, sample, inpaint.
 */
export { alphaSigma, type Arithmetic, noiseInputs } from "./notation.ts";
export { type Schedule, schedule, type ScheduleName, scheduleNames } from "./schedules.ts";
export {
  levelFields,
  samplingLevels,
  stratifiedTimes,
  timeAt,
  timeSamplingNames,
  trainingLevel,
} from "./levels.ts";
export {
  denoisedFrom,
  lossWeights,
  networkInput,
  type Objective,
  requireTrainable,
  type Target,
  targetNames,
  targetOf,
  targets,
  weightingNames,
  type WeightOptions,
} from "./objective.ts";
export { type SamplerName, samplerNames, samplers } from "./samplers.ts";
export { samplerOptionFields, samplersWith, solver } from "./solver.ts";
export { guidanceAt, guide, isGuided, rescaleGuidance } from "./guidance.ts";
export { type Draw, type Evaluation, type PlanOptions, samplingPlan } from "./plan.ts";
export { type Denoise, placeOf, sampleDiffusion, sampleStart, type SampleStep } from "./sample.ts";
export type { Inpainting } from "./inpaint.ts";
