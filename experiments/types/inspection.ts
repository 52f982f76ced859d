/** One run looked at closely. */
import type { Evaluation } from "./evaluation.ts";
import type { Curves } from "./metrics.ts";
import type { Run } from "./run.ts";
import type { Sample } from "./sampling.ts";
import type { TextBaselines } from "./text_evaluation.ts";

export interface Alert {
  readonly level: "info" | "warning" | "error";
  /** For example `diverged`, `overfitting`, `learnt-nothing`, `stale-heartbeat`. */
  readonly code: string;
  /** What was seen, and what to do. */
  readonly message: string;
}
export interface Checkpoint {
  readonly runId: string;
  readonly step: number;
  /** Absolute path of the safetensors file. */
  readonly path: string;
  readonly bytes: number;
  readonly createdAt: string;
}
export interface RunReport {
  readonly run: Run;
  readonly curves: Curves;
  readonly imagesPerSecond: number | null;
  readonly secondsPerStep: number | null;
  /** Denoising error as a fraction of {@link Run.trivialMse}: 1 is learning nothing, lower is better. */
  readonly relativeError: number | null;
  readonly checkpoints: readonly Checkpoint[];
  readonly samples: readonly Sample[];
  /** Oldest first. */
  readonly evaluations: readonly Evaluation[];
  /** What its text needs without a network; null before its first training, and for images. */
  readonly baselines: TextBaselines | null;
  readonly alerts: readonly Alert[];
  /** One or two sentences on how the run stands. */
  readonly summary: string;
}
