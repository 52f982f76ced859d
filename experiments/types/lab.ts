/** The laboratory itself: everything that can be asked of it. */
import type { DeviceName } from "../../engine/mod.ts";
import type { Comparison } from "./comparison.ts";
import type { EvaluateRequest, Evaluation } from "./evaluation.ts";
import type { LabEvent } from "./events.ts";
import type { RunReport } from "./inspection.ts";
import type { JobProgress, SampleProgress } from "./jobs.ts";
import type { Curves, MetricName } from "./metrics.ts";
import type { Run } from "./run.ts";
import type { Sample, SamplePixels, SampleRequest } from "./sampling.ts";
import type { ScheduleOptions, ScheduleReport } from "./schedules.ts";
import type { RunFilter, TrainAnswer, TrainRequest, WatchOptions } from "./training.ts";
import type { TextSample, WriteRequest } from "./writing.ts";

export interface LabOptions {
  /** Folder of the store and the runs; made if missing. */
  readonly workspace: string;
  /** Folder with data sets that were downloaded before; by default they are fetched when needed. */
  readonly dataDirectory?: string;
  /** Where runs train and sample; by default "auto", the device that does the work soonest. */
  readonly device?: DeviceName;
}

/**
 * The laboratory over one workspace. Opening one is cheap: no tensors here, training and sampling
 * happen in processes of their own. A `ref` is a run's id, a unique prefix of one, "latest", or
 * "best" (the lowest denoising error). Where several are taken, a sweep's id stands for all its runs.
 *
 * Every method throws a {@link UserError} for what the caller can mend, such as an unknown run.
 */
export interface Lab {
  readonly workspace: string;
  /** Starts a worker if runs are waiting and none lives; `train`, `resume` and `watch` do it too. A
   * server calls it when it starts. */
  ensureWorker(): void;
  /** Queues one run, or every combination of a grid and seeds, and sees that a worker is at work. */
  train(request: TrainRequest): Promise<TrainAnswer>;
  /** Puts a stopped, interrupted or failed run back in the queue, to go on from its checkpoint. */
  resume(ref: string): Promise<Run>;
  /** Cancels queued runs and asks running ones to stop after their present step, keeping a
   * checkpoint. Returns the runs as they stand now: `stopRequested` until the worker has obeyed. */
  stop(refs: readonly string[] | "all"): Run[];
  run(ref: string): Run;
  /**
   * The runs that references mean, each once; a sweep's id stands for all its runs.
   *
   * @throws {UserError} As {@link Lab.run} does.
   */
  find(refs: readonly string[]): Run[];
  /** Newest first. */
  runs(filter?: RunFilter): { readonly runs: Run[]; readonly total: number };
  /** Curves with at most `maxPoints` each (by default 50), ends kept; `afterStep` gives only later points. */
  metrics(
    ref: string,
    options?: {
      readonly names?: readonly MetricName[];
      readonly maxPoints?: number;
      readonly afterStep?: number;
    },
  ): Curves;
  /** Waits until all these runs ended, the time is up, or the signal aborts; returns them as they stand. */
  watch(refs: readonly string[], options: WatchOptions): Promise<Run[]>;
  /** Draws samples from a run's EMA weights in a process of its own. */
  sample(
    request: SampleRequest,
    options?: {
      readonly onProgress?: (progress: SampleProgress) => void;
      readonly signal?: AbortSignal;
    },
  ): Promise<Sample>;
  /** Writes texts with a run's EMA weights in a process of its own. */
  write(
    request: WriteRequest,
    options?: {
      readonly onProgress?: (progress: JobProgress) => void;
      readonly signal?: AbortSignal;
    },
  ): Promise<TextSample>;
  /** What a run wrote, oldest first. */
  texts(ref: string): TextSample[];
  /** Draws pictures, or writes texts, with a run's EMA weights and measures them, and for text the
   * likelihood of held-out text; in a process of its own. */
  evaluate(
    request: EvaluateRequest,
    options?: {
      readonly onProgress?: (progress: JobProgress) => void;
      readonly signal?: AbortSignal;
    },
  ): Promise<Evaluation>;
  /** A run's evaluations, oldest first. */
  evaluations(ref: string): Evaluation[];
  /** A run's samples, oldest first. */
  samples(ref: string): Sample[];
  sampleById(id: string): Sample;
  /** The pixel file as it lies on disk. */
  sampleFile(id: string): Promise<{ readonly path: string; readonly bytes: Uint8Array }>;
  samplePixels(id: string): Promise<SamplePixels>;
  inspectSchedules(names: readonly string[], options?: ScheduleOptions): Promise<ScheduleReport>;
  /** 2 to 100 runs. */
  compare(refs: readonly string[]): Comparison;
  inspect(ref: string): RunReport;
  /** Events later than the given id, oldest first, at most 200; without one, the newest 50. */
  events(options?: { readonly after?: number }): LabEvent[];
  close(): void;
}
