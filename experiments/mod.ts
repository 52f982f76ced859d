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
} from "./config.ts";
export { openLab } from "./lab.ts";
export { nearest } from "./nearest.ts";
export { criticalT } from "./seed_noise.ts";
export { describeRepeats, summarise, type Summary, valuesBySeed } from "./seeds.ts";
export { BLOCK_METRICS, BLOCK_SIZES, METRIC_NAMES, RUN_STATUSES } from "./types.ts";
export type {
  Alert,
  AlignedCurve,
  Checkpoint,
  Comparison,
  ComparisonGroup,
  Curves,
  EvaluateRequest,
  Evaluation,
  GivenPictures,
  ImageEvaluation,
  ImageEvaluationResults,
  ImageEvaluationSettings,
  JobProgress,
  KeptHalf,
  Lab,
  LabEvent,
  LabOptions,
  LeaderboardRow,
  MetricName,
  MetricPoint,
  NoisyLine,
  Run,
  RunFilter,
  RunReport,
  RunStatus,
  Sample,
  SampleFrame,
  SamplePixels,
  SampleProgress,
  SampleRequest,
  SamplerName,
  SampleSettings,
  SamplingOptions,
  ScheduleFacts,
  ScheduleOptions,
  SchedulePoint,
  ScheduleReport,
  TextBaselines,
  TextEvaluation,
  TextEvaluationResults,
  TextEvaluationSettings,
  TextSample,
  TextSampleFrame,
  TrainAnswer,
  TrainRequest,
  Verdict,
  WatchOptions,
  WatchProgress,
  WriteRequest,
  WriteSettings,
  Yardstick,
} from "./types.ts";
export { runWorker, type WorkerOptions } from "./worker/mod.ts";
export { keptHalves, MAX_RESAMPLES, recognisedShare } from "./sampling/given.ts";
export { blockCurve, type BlockNats } from "./block_curve.ts";
export { inspectedSchedules } from "./schedule_names.ts";
export { MAX_CHURN, samplerNames, spacingNames, varianceNames } from "./sampling/names.ts";
export { GENERATION_MODES, type TextComparison, textStatisticNotes } from "../models/text/mod.ts";
export { scoreOf, yardstickOf } from "./yardstick.ts";
