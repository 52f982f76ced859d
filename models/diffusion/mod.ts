/**
 * The mathematics of diffusion, for points of any shape: schedules, the forward process, objectives,
 * guidance, solvers. It knows no modality; its notation is defined in `notation.ts`.
 */
export {
  alphaSigma,
  type Amplitudes,
  gammaOfAlphaCumprod,
  noiseAngle,
  type NoiseInputs,
  noiseInputs,
  snr,
} from "./notation.ts";
export {
  edmSigma,
  flowTime,
  gammaOfEdmSigma,
  gammaOfFlowTime,
  type ViewName,
  viewScale,
} from "./views.ts";
export {
  defineSchedule,
  hasZeroTerminalSnr,
  type Schedule,
  schedule,
  type ScheduleName,
  scheduleNames,
  type ScheduleOptions,
  zeroTerminalSnr,
} from "./schedule.ts";
export { alphasCumprod, rescaleToZeroTerminalSnr } from "./discrete.ts";
export { diffuse } from "./process.ts";
export {
  denoisedFrom,
  networkInput,
  noiseFrom,
  type Objective,
  objectiveOf,
  type Target,
  targetNames,
  targetOf,
} from "./objective.ts";
export {
  lossWeights,
  squaredOutputScale,
  type Weighting,
  weightingNames,
  type WeightOptions,
} from "./weights.ts";
export {
  stratifiedTimes,
  type TimeOptions,
  type TimeSampling,
  timeSamplingNames,
  trainingLevel,
} from "./times.ts";
export { requireTrainable, type TrainingChoices } from "./requirements.ts";
export { type Guidance, guidanceAt, guide, rescaleGuidance } from "./guidance.ts";
export {
  type AncestralVariance,
  type Combination,
  ddim,
  ddpm,
  type SamplerName,
  samplerNames,
  type Solver,
  type SolverStep,
} from "./solvers.ts";
export {
  type Denoise,
  sampleDiffusion,
  type SampleOptions,
  type SampleStep,
  samplingLevels,
} from "./sample.ts";
export {
  denoiser,
  type DenoiserOptions,
  type DenoisingNetwork,
  type TrainingOptions,
  trainingStep,
  type ValidationOptions,
  validationStep,
} from "./steps.ts";
