/** What runs are ranked by: for each modality its metric, with its title and its baseline. */
import type { MetricName } from "./store/metrics.ts";
import type { Run } from "./store/run.ts";
import type { RunConfig } from "./config/mod.ts";

/** A metric whose lower values are better, comparable between runs whatever their configuration. */
export interface Yardstick {
  readonly metric: MetricName;
  /** In a sentence: "its … is 0.08". */
  readonly title: string;
  /** What {@link Run.trivialMse} stands for. */
  readonly trivial: string;
}

export const YARDSTICKS: Readonly<Record<RunConfig["modality"], Yardstick>> = {
  image: {
    metric: "denoising_mse",
    title: "denoising error",
    trivial: "what pixels alone can do",
  },
  text: {
    metric: "nats_per_character",
    title: "nats per character",
    trivial: "what a bigram model needs",
  },
};

export function yardstickOf({ config }: Pick<Run, "config">): Yardstick {
  return YARDSTICKS[config.modality];
}

/** The newest value of a run's yardstick; null before the first validation. */
export function scoreOf(run: Run): number | null {
  return run.latest[yardstickOf(run).metric] ?? null;
}
