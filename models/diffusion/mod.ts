/**
 * The mathematics of diffusion, for points of any shape: noise levels, schedules, samplers, objectives,
 * guidance. It knows no modality and loads no TensorFlow.js; its notation is defined in `notation.ts`.
 *
 * Read in this order: notation, schedules, levels, objective, samplers, guidance, sample, inpaint.
 */
export {
  alphaSigma,
  type Amplitudes,
  type Arithmetic,
  edmSigma,
  flowTime,
  gammaOfAlphaCumprod,
  gammaOfEdmSigma,
  gammaOfFlowTime,
  type Level,
  noiseAngle,
  type NoiseInputs,
  noiseInputs,
  type Points,
  snr,
  viewScale,
} from "./notation.ts";
export {
  hasZeroTerminalSnr,
  requireMonotone,
  type Schedule,
  schedule,
  type ScheduleName,
  scheduleNames,
  schedules,
  zeroTerminalSnr,
} from "./schedules.ts";
export {
  levelDistributions,
  levelFields,
  type LevelOptions,
  samplingLevels,
  type Spacing,
  spacingNames,
  stratifiedTimes,
  timeAt,
  type TimeSampling,
  timeSamplingNames,
  trainingLevel,
} from "./levels.ts";
export {
  denoisedFrom,
  isLimited,
  lossWeights,
  networkInput,
  type Objective,
  requireTrainable,
  squaredOutputScale,
  type Target,
  targetNames,
  targetOf,
  targets,
  type Weighting,
  weightingNames,
  weightings,
  type WeightOptions,
} from "./objective.ts";
export {
  type SamplerName,
  samplerNames,
  samplerOptionFields,
  type SamplerOptions,
  samplers,
  samplersWith,
  type Solver,
  solver,
  type SolverStep,
} from "./samplers.ts";
export { guidanceAt, guide, isGuided, rescaleGuidance } from "./guidance.ts";
export { type Denoise, sampleDiffusion, type SampleStep } from "./sample.ts";
export { type Inpainting, repaintWalk } from "./inpaint.ts";
