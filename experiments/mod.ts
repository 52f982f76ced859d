/** Runs and what is asked about them: configurations, store, training, sampling, comparison. */
export { openLab } from "./lab.ts";
export type { Lab, TrainAnswer } from "./lab_interface.ts";
export { runWorker } from "./run_worker.ts";
export { metricOf, modalityOf, scoreOf } from "./registry/modalities.ts";
export type { Modality } from "./run/modality.ts";
export {
  configHash,
  type ConfigOverrides,
  configSchemas,
  differingFields,
  expandGrid,
  groupHash,
  imageConfigOf,
  imageDatasetNames,
  parseConfig,
  PRESET_NAMES,
  type PresetName,
  presets,
  RECORDING,
  requireConfigField,
  resolveConfig,
  RunConfig,
  tellingFields,
  TextConfig,
  textConfigOf,
} from "./config/mod.ts";
export { fieldValues, runReference } from "./requests/fields.ts";
export type { EvaluateRequest } from "./requests/requests.ts";
export { isPretrained } from "./store/ids.ts";
export { processExists } from "./common/files.ts";
export { hasEnded } from "./store/run.ts";
export { jobTitle } from "./store/jobs.ts";
export { STUDY_FOLDER, type StudyRecord } from "./store/study.ts";
export { publishedWeights, trainingDevice } from "./publishing.ts";
export type { SweepSummary } from "./report/variation.ts";
export type { ConfigEstimate, TrainingEstimate } from "./report/estimate.ts";
export {
  AnyEvaluateRequest,
  AnySampleRequest,
  configFields,
  DEFAULT_PRESET,
  Grid,
  overrideFields,
  Overrides,
  presetValues,
  StopRequest,
  TrainOrResume,
  type TrainRequest,
} from "./requests/requests.ts";
export type { SampleRequest, SampleSettings } from "./requests/image.ts";
export type { WriteRequest, WriteSettings } from "./requests/text.ts";
export {
  CompareRequest,
  DEFAULT_SCHEDULES,
  InspectRequest,
  ScheduleRequest,
} from "./report/requests.ts";
export {
  BLOCK_METRICS,
  BLOCK_SIZES,
  type Curves,
  type LabEvent,
  METRIC_NAMES,
  type MetricName,
  type MetricPoint,
} from "./store/metrics.ts";
export type {
  HeldOutPictures,
  Sample,
  SamplePixels,
  TextBaselines,
  TextSample,
  TextSampleFrame,
} from "./store/records.ts";
export type { Evaluation, ImageEvaluation, TextEvaluation } from "./store/results.ts";
export { type Run, RUN_STATUSES, type RunFilter, type RunStatus } from "./store/run.ts";
export { type TextComparison, textStatisticNotes } from "../models/text/mod.ts";
export type { Alert } from "./diagnosis/curve.ts";
export { recognisedShare } from "./image/held_out.ts";
export type { Comparison, LeaderboardRow } from "./report/compare.ts";
export { type AlignedCurve, blockCurve } from "./report/curves.ts";
export type { RunReport } from "./report/inspect.ts";
export { inspectedSchedules } from "./report/schedule_sources.ts";
export type {
  NoisyLine,
  ScheduleFacts,
  SchedulePoint,
  ScheduleReport,
} from "./report/schedules.ts";
export {
  criticalT,
  describeRepeats,
  summarise,
  type Summary,
  valuesBySeed,
} from "./report/seeds.ts";
export type { Variation } from "./report/variation.ts";
export type { Job, JobKind } from "./store/jobs.ts";
