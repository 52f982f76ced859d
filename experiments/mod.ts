/** Runs and what is asked about them: configurations, store, training, sampling, comparison. */
export {
  type ConfigGrid,
  configHash,
  type ConfigOverrides,
  configSchemas,
  expandGrid,
  groupHash,
  ImageConfig,
  imageConfigOf,
  imageDatasetNames,
  MAX_SWEEP_RUNS,
  parseConfig,
  PRESET_NAMES,
  type PresetName,
  presets,
  RECORDING,
  requireConfigField,
  resolveConfig,
  RunConfig,
  TextConfig,
  textConfigOf,
} from "./config/mod.ts";
export { openLab } from "./lab.ts";
export { criticalT } from "./report/seeds.ts";
export { describeRepeats, summarise, type Summary, valuesBySeed } from "./report/seeds.ts";
export { runWorker, type WorkerOptions } from "./run_worker.ts";
export { recognisedShare } from "./image/held_out.ts";
export { blockCurve, type BlockNats } from "./report/curves.ts";
export { inspectedSchedules } from "./report/schedule_sources.ts";
export { type TextComparison, textStatisticNotes } from "../models/text/mod.ts";
export { metricOf, modalityOf, scoreOf } from "./registry/modalities.ts";
export type { Lab, LabOptions, TrainAnswer } from "./lab_interface.ts";
export type { Job, JobKind, JobProgress } from "./store/jobs.ts";
export type { RunFilter } from "./store/run.ts";
export type { WatchOptions } from "./lab_interface.ts";
export type { WatchProgress } from "./lab_interface.ts";
export type { Comparison, LeaderboardRow } from "./report/compare.ts";
export type { ComparisonGroup } from "./report/seeds.ts";
export type { AlignedCurve } from "./report/curves.ts";
export type { Modality } from "./run/modality.ts";
export type { RankingMetric } from "./store/metrics.ts";
export type { RunReport } from "./report/inspect.ts";
export type { SweepSummary, Variation } from "./report/variation.ts";
export type { Checkpoint } from "./store/results.ts";
export type { Alert } from "./diagnosis/curve.ts";
export { isPretrained } from "./store/ids.ts";
export { STUDY_FOLDER, type StudyRecord } from "./store/study.ts";
export { publishedWeights, trainingDevice } from "./publishing.ts";
export type {
  NoisyLine,
  ScheduleFacts,
  ScheduleOptions,
  SchedulePoint,
  ScheduleReport,
  Verdict,
} from "./report/schedules.ts";
export { AnyEvaluateRequest, AnySampleRequest } from "./requests/requests.ts";
export type { EvaluateRequest } from "./requests/requests.ts";
export { fieldValues, runReference } from "./requests/fields.ts";
export {
  configFields,
  DEFAULT_PRESET,
  Grid,
  overrideFields,
  Overrides,
  presetValues,
  TrainOrResume,
  type TrainRequest,
} from "./requests/requests.ts";
export { StopRequest } from "./requests/requests.ts";
export {
  CompareRequest,
  DEFAULT_SCHEDULES,
  InspectRequest,
  ScheduleRequest,
} from "./report/requests.ts";
export type { Evaluation, ImageEvaluation, TextEvaluation } from "./store/results.ts";
export type { LabEvent } from "./store/metrics.ts";
export type {
  ImageEvaluationSettings,
  KeptHalf,
  SampleRequest,
  SampleSettings,
  SamplingOptions,
} from "./requests/image.ts";
export type {
  GivenPictures,
  ImageEvaluationResults,
  Sample,
  SampleFrame,
  SamplePixels,
} from "./store/records.ts";
export {
  BLOCK_METRICS,
  BLOCK_SIZES,
  type Curves,
  METRIC_NAMES,
  type MetricName,
  type MetricPoint,
} from "./store/metrics.ts";
export { type Run, RUN_STATUSES, type RunStatus } from "./store/run.ts";
export type { TextEvaluationSettings, WriteRequest, WriteSettings } from "./requests/text.ts";
export type {
  TextBaselines,
  TextEvaluationResults,
  TextSample,
  TextSampleFrame,
} from "./store/records.ts";
export type { SamplerName } from "../models/diffusion/mod.ts";
