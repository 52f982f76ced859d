/** Runs and what is asked about them: configurations, store, training, sampling, comparison. */
export {
  type ConfigGrid,
  configHash,
  ConfigOverrides,
  expandGrid,
  groupHash,
  MAX_SWEEP_RUNS,
  parseConfig,
  PRESET_NAMES,
  type PresetName,
  presets,
  resolveConfig,
  RunConfig,
} from "./config.ts";
export { openLab } from "./lab.ts";
export { nearest } from "./nearest.ts";
export { criticalT } from "./seed_noise.ts";
export { METRIC_NAMES, RUN_STATUSES } from "./types.ts";
export type {
  Alert,
  AlignedCurve,
  Checkpoint,
  Comparison,
  ComparisonGroup,
  Curves,
  Lab,
  LabEvent,
  LabOptions,
  LeaderboardRow,
  MetricName,
  MetricPoint,
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
  ScheduleFacts,
  ScheduleOptions,
  SchedulePoint,
  ScheduleReport,
  TrainAnswer,
  TrainRequest,
  Verdict,
  WatchOptions,
  WatchProgress,
} from "./types.ts";
export { runWorker, type WorkerOptions } from "./worker/mod.ts";
