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
  resolveConfig,
  RunConfig,
  TextConfig,
  textConfigOf,
} from "./config/mod.ts";
export { openLab } from "./lab.ts";
export { nearest } from "./common/nearest.ts";
export { criticalT } from "./report/seeds.ts";
export { describeRepeats, summarise, type Summary, valuesBySeed } from "./report/seeds.ts";
export { runWorker, type WorkerOptions } from "./run_worker.ts";
export { keptHalves, MAX_RESAMPLES, recognisedShare } from "./image/held_out.ts";
export { blockCurve, type BlockNats } from "./report/curves.ts";
export { inspectedSchedules } from "./report/schedule_sources.ts";
export {
  levelFields,
  samplerNames,
  samplerOptionFields,
  spacingNames,
} from "../models/diffusion/mod.ts";
export { GENERATION_MODES, type TextComparison, textStatisticNotes } from "../models/text/mod.ts";
export { metricOf, modalityOf, scoreOf } from "./registry/modalities.ts";
export type { Lab, LabOptions, TrainAnswer, TrainRequest } from "./lab_interface.ts";
export type { SampleProgress } from "./run/jobs.ts";
export type { JobProgress } from "./run/jobs.ts";
export type { RunFilter } from "./store/run.ts";
export type { WatchOptions } from "./watch.ts";
export type { WatchProgress } from "./watch.ts";
export type { Comparison, LeaderboardRow } from "./report/compare.ts";
export type { ComparisonGroup } from "./report/seeds.ts";
export type { AlignedCurve } from "./report/curves.ts";
export type { Modality } from "./run/modality.ts";
export type { RankingMetric } from "./store/metrics.ts";
export type { RunReport } from "./report/inspect.ts";
export type { Checkpoint } from "./store/samples.ts";
export type { Alert } from "./diagnosis/advice.ts";
export type {
  NoisyLine,
  ScheduleFacts,
  ScheduleOptions,
  SchedulePoint,
  ScheduleReport,
  Verdict,
} from "./report/schedules.ts";
export type {
  EvaluateRequest,
  Evaluation,
  ImageEvaluation,
  TextEvaluation,
} from "./store/evaluations.ts";
export type { LabEvent } from "./store/events.ts";
export type {
  GivenPictures,
  ImageEvaluationResults,
  ImageEvaluationSettings,
  KeptHalf,
  Sample,
  SampleFrame,
  SamplePixels,
  SampleRequest,
  SampleSettings,
  SamplingOptions,
} from "./store/image_records.ts";
export {
  BLOCK_METRICS,
  BLOCK_SIZES,
  type Curves,
  METRIC_NAMES,
  type MetricName,
  type MetricPoint,
} from "./store/metrics.ts";
export { type Run, RUN_STATUSES, type RunStatus } from "./store/run.ts";
export type {
  TextBaselines,
  TextEvaluationResults,
  TextEvaluationSettings,
  TextSample,
  TextSampleFrame,
  WriteRequest,
  WriteSettings,
} from "./store/text_records.ts";
export type { SamplerName } from "../models/diffusion/mod.ts";
