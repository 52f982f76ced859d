/** Runs beside each other. */
import type { Evaluation } from "./evaluation.ts";
import type { MetricName } from "./metrics.ts";
import type { RunStatus } from "./run.ts";
import type { TextBaselines } from "./text_evaluation.ts";

/** A metric whose lower values are better, comparable between runs whatever their configuration. */
export interface Yardstick {
  readonly metric: MetricName;
  /** In a sentence: "its … is 0.08". */
  readonly title: string;
  /** What {@link Run.trivialMse} stands for. */
  readonly trivial: string;
}

export interface LeaderboardRow {
  readonly rank: number;
  readonly runId: string;
  readonly status: RunStatus;
  readonly step: number;
  readonly label: string | null;
  /** By the comparison's yardstick; null before the first validation. */
  readonly score: number | null;
  readonly validationLoss: number | null;
  /** The values of the differing parameters. */
  readonly parameters: Readonly<Record<string, string | number>>;
}
export interface ComparisonGroup {
  readonly groupHash: string;
  /** The differing parameters, without the seed. */
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly runIds: readonly string[];
  /** Each once. */
  readonly seeds: readonly number[];
  /** Seeds with a score: runs that repeat one count once, by their mean. */
  readonly n: number;
  readonly mean: number | null;
  /** Sample standard deviation over the seeds; null below two seeds. */
  readonly sd: number | null;
}
export interface AlignedCurve {
  readonly name: MetricName;
  readonly steps: readonly number[];
  /** One value for each step; null where a run has none. */
  readonly series: readonly {
    readonly runId: string;
    readonly values: readonly (number | null)[];
  }[];
}
export interface Comparison {
  /** What the runs are ranked by. */
  readonly yardstick: Yardstick;
  /** Best first; runs without a score last. */
  readonly leaderboard: readonly LeaderboardRow[];
  /** Names of the parameters in which the runs differ. */
  readonly differing: readonly string[];
  /** Best first. */
  readonly groups: readonly ComparisonGroup[];
  readonly curves: readonly AlignedCurve[];
  /** The newest evaluation of each run that has one, in the leaderboard's order. */
  readonly evaluations: readonly Evaluation[];
  /** {@link Run.trivialMse}, where it is known and the same for all. */
  readonly trivialMse: number | null;
  /** What their text needs without a network; null where it is not the same, and for images. */
  readonly baselines: TextBaselines | null;
  /** Whether the best configuration's lead exceeds seed noise, in words. */
  readonly verdict: string;
  /** What makes these runs less than comparable (other data, unequal steps, still running). */
  readonly cautions: readonly string[];
}
