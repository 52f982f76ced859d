/** By what runs are ranked. */
import type { RunConfig } from "./config.ts";
import type { Run, Yardstick } from "./types.ts";

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
