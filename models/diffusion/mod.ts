/**
 * The mathematics of diffusion, for points of any shape: schedules, the forward process, objectives,
 * guidance, solvers. It knows no modality; its notation is defined in `notation.ts`.
 */
export {
  type SamplerName,
  samplerNames,
  type ScheduleName,
  scheduleNames,
  type Spacing,
  spacingNames,
  type Target,
  targetNames,
  type TimeSampling,
  timeSamplingNames,
  type Weighting,
  weightingNames,
} from "./names/mod.ts";
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
  type ScheduleOptions,
  zeroTerminalSnr,
} from "./schedule.ts";
export { alphasCumprod, rescaleToZeroTerminalSnr } from "./discrete.ts";
export { firstRows, input, perExample } from "./inputs.ts";
export { diffuse, raiseTo } from "./process.ts";
export {
  denoisedFrom,
  networkInput,
  noiseFrom,
  type Objective,
  objectiveOf,
  targetOf,
} from "./objective.ts";
export { lossWeights, squaredOutputScale, type WeightOptions } from "./weights.ts";
export { stratifiedTimes, type TimeOptions, trainingLevel } from "./times.ts";
export { requireTrainable, type TrainingChoices } from "./requirements.ts";
export { type Guidance, guidanceAt, guide, rescaleGuidance } from "./guidance.ts";
export { type Combination, type Raise, type Solver, type SolverStep, type Step } from "./solver.ts";
export { type AncestralVariance, ddim, ddpm, euler, eulerAncestral } from "./first_order.ts";
export { dpmpp2m, dpmpp2mSde, flowHeun, heun } from "./second_order.ts";
export { solver, type SolverOptions } from "./solvers.ts";
export { type LevelOptions, samplingLevels } from "./levels.ts";
export { type Inpainting, repaintWalk } from "./inpaint.ts";
export type { Points } from "./points.ts";
export { type Denoise, sampleDiffusion, type SampleOptions, type SampleStep } from "./sample.ts";
export {
  denoiser,
  type DenoiserOptions,
  type DenoisingNetwork,
  type TrainingOptions,
  trainingStep,
  type ValidationOptions,
  validationStep,
} from "./steps.ts";
