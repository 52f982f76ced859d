/** Runs and what is asked about them: configurations, store, training, sampling, comparison. */
import {
  AnyEvaluateRequest,
  AnySampleRequest,
  StopRequest,
  TrainOrResume,
} from "./registry/requests.ts";
import { CompareRequest, InspectRequest } from "./report/inspect.ts";
import { ScheduleRequest } from "./report/schedules.ts";

export { type Lab, openLab } from "./lab.ts";
export type { JobRequest } from "./job_requests.ts";
export type { TrainAnswer } from "./training_requests.ts";
export {
  byPresentation,
  METRIC_NAMES,
  metricOf,
  METRICS,
  modalities,
  modalityOf,
  PRESET_NAMES,
  type PresetName,
  presets,
  scoreOf,
} from "./registry/modalities.ts";
export {
  blockCurve,
  blockMetrics,
  type HeldOutPictures,
  imageConfigOf,
  type ImageEvaluation,
  isBlockwise,
  recognisedShare,
  type Sample,
  type SamplePixels,
  type SampleRequest,
  textConfigOf,
  type TextEvaluation,
  type TextSample,
  type TextSampleFrame,
  type WriteRequest,
} from "./registry/modalities.ts";
export type { NgramBaselines } from "./run/modality.ts";
export {
  configHash,
  type ConfigOverrides,
  differingFields,
  expandGrid,
  namesOfFieldsWith,
  parseConfig,
  requireConfigField,
  resolveConfig,
} from "./config/configuration.ts";
export {
  fieldsWith,
  fieldValues,
  type RunConfig,
  runReference,
  tellingFields,
} from "./config/fields.ts";
export { processExists, writeFileAtomically } from "./common/system.ts";
export { STUDY_FOLDER, type StudyRecord } from "./store/store.ts";
export { publishedWeights, trainingDevice } from "./run_worker.ts";
export { type ConfigEstimate, expectedTime, PASSES_OF_A_STEP } from "./report/estimates.ts";
export type { SweepSummary, Variation } from "./report/variations.ts";
export {
  configFields,
  DEFAULT_PRESET,
  Grid,
  Overrides,
  type PresetValue,
  presetValues,
  type TrainRequest,
} from "./registry/requests.ts";
export type { Curves, LabEvent, MetricName, MetricPoint } from "./store/metrics.ts";
export type { Evaluation } from "./store/results.ts";
export {
  hasEnded,
  isPretrained,
  type Run,
  RUN_STATUSES,
  type RunFilter,
  type RunStatus,
} from "./store/run.ts";
export type { Alert } from "./diagnosis/curve.ts";
export { type Comparison, hasLearntNothing, type LeaderboardRow } from "./report/compare.ts";
export type { AlignedCurve } from "./report/curves.ts";
export type { RunReport } from "./report/inspect.ts";
export { inspectedSchedules } from "./report/schedule_sources.ts";
export type { ScheduleFacts, SchedulePoint, ScheduleReport } from "./report/schedules.ts";
/** Statistics over the seeds of repeated runs. */
export * as seeds from "./report/seeds.ts";
export { type Job, type JobKind, type JobProgress, jobTitle, remainingOf } from "./store/jobs.ts";

/** The schemas of the requests, which tools, commands and the laboratory share. */
export const requests = {
  train: TrainOrResume,
  sample: AnySampleRequest,
  evaluate: AnyEvaluateRequest,
  stop: StopRequest,
  inspect: InspectRequest,
  compare: CompareRequest,
  schedules: ScheduleRequest,
};
