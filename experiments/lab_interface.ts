/** What can be asked of the laboratory, and how runs are waited for. */
import { duration } from "../engine/host/mod.ts";
import type { DeviceName } from "../engine/mod.ts";
import type { Comparison } from "./report/compare.ts";
import type { TrainRequest } from "./registry/requests.ts";
import type { Evaluation } from "./store/results.ts";
import type { Curves, LabEvent, MetricName } from "./store/metrics.ts";
import type { TrainingEstimate } from "./report/estimate.ts";
import type { RunReport } from "./report/inspect.ts";
import type { SweepSummary, Variation } from "./report/variation.ts";
import type { NoticeOptions } from "./report/notices.ts";
import { hasEnded, type Run, type RunFilter } from "./store/run.ts";
import type { ScheduleOptions, ScheduleReport } from "./report/schedules.ts";
import type { Job, JobFilter, JobKind, JobProgress } from "./store/jobs.ts";
import type { ConfigOverrides } from "./config/sweep.ts";
import type {
  Sample,
  SamplePixels,
  SampleRequest,
  TextSample,
  WriteRequest,
} from "./registry/exports.ts";

export interface LabOptions {
  /** Folder of the store and the runs; made if missing. */
  readonly workspace: string;
  /** Folder with data sets that were downloaded before; by default they are fetched when needed. */
  readonly dataDirectory?: string | undefined;
  /** Where runs train and sample; by default "auto", the device that does the work soonest. */
  readonly device?: DeviceName | undefined;
}

/**
 * The laboratory over one workspace. Opening one is cheap: no tensors here, training and sampling
 * happen in processes of their own. A `ref` is a run's id, a unique prefix of one, "latest", "best"
 * (the lowest denoising error or nats per character on the newest run's data set), "best:" and the name
 * of a data set, or a sweep's id: its best run, or all of them where several runs are taken.
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
  /**
   * Queues a run that goes on where another one has ended, with more steps and whatever else is
   * overridden. It is a run of its own, and the other one stays as it is.
   */
  extend(ref: string, overrides: ConfigOverrides): Promise<Run>;
  /** What `train`, or with `resume` {@link Lab.extend}, would take; nothing is queued. */
  estimate(request: TrainRequest & { readonly resume?: string | undefined }): TrainingEstimate;
  /** Puts a stopped, interrupted or failed run back in the queue, to go on from its checkpoint. */
  resume(ref: string): Promise<Run>;
  /** Cancels queued runs and asks running ones to stop after their present step, keeping a
   * checkpoint. Returns the runs as they stand now: `stopRequested` until the worker has obeyed. */
  stop(refs: readonly string[] | "all"): Run[];
  run(ref: string): Run;
  /** The run that is to be sampled or evaluated: "latest" is the newest that has a checkpoint. */
  trainedRun(ref: string): Run;
  /**
   * The runs that references mean, each once; a sweep's id stands for all its runs.
   *
   * @throws {UserError} As {@link Lab.run} does.
   */
  find(refs: readonly string[]): Run[];
  /** Of this workspace, newest first. */
  runs(filter?: RunFilter): { readonly runs: Run[]; readonly total: number };
  /** Sweeps with such runs, newest first. */
  sweeps(filter?: RunFilter): { readonly sweeps: SweepSummary[]; readonly total: number };
  /** Runs that come with the program, with their weights: named like any other wherever one is asked
   * for, never written. */
  pretrained(): Run[];
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
  /**
   * Draws samples from a run's EMA weights. This, `write` and `evaluate` are jobs: they are done in a
   * process of their own, one after another, and go on when the caller gives up waiting.
   */
  sample(request: SampleRequest, options?: JobWaitOptions): Promise<Sample>;
  /** Writes texts with a run's EMA weights. */
  write(request: WriteRequest, options?: JobWaitOptions): Promise<TextSample>;
  /** What a run wrote, oldest first. */
  texts(ref: string): TextSample[];
  /** Draws pictures, or writes texts, with a run's EMA weights and measures them, and for text the
   * likelihood of held-out text. */
  evaluate(request: JobRequest, options?: JobWaitOptions): Promise<Evaluation>;
  /**
   * Queues what `sample`, `write` or `evaluate` do, and does not wait for it. A job that was requested
   * in the same way and has no result yet is joined, or goes on if it was stopped or interrupted.
   */
  startJob(kind: JobKind, request: JobRequest): Job;
  job(id: string): Job;
  /** Newest first. */
  jobs(filter?: JobFilter): { readonly jobs: Job[]; readonly total: number };
  /** Waits until a job has ended, the time is up, or the signal aborts; returns it as it stands. */
  watchJob(id: string, options: JobWatchOptions): Promise<Job>;
  /** The id of the sample or evaluation that a job made; throws why there is none. */
  jobResult(job: Job): string;
  /** Cancels queued jobs and asks running ones to stop; what they have finished is kept. */
  stopJobs(ids: readonly string[] | "all"): Job[];
  /** A run's evaluations, oldest first. */
  evaluations(ref: string): Evaluation[];
  evaluationById(id: string): Evaluation;
  /** A run's samples, oldest first. */
  samples(ref: string): Sample[];
  sampleById(id: string): Sample;
  textById(id: string): TextSample;
  /** The pixel file as it lies on disk. */
  sampleFile(id: string): Promise<{ readonly path: string; readonly bytes: Uint8Array }>;
  samplePixels(id: string): Promise<SamplePixels>;
  inspectSchedules(names: readonly string[], options?: ScheduleOptions): Promise<ScheduleReport>;
  /** 2 to 100 runs. */
  compare(refs: readonly string[]): Comparison;
  inspect(ref: string): RunReport;
  /** What all runs have tried, and which settings none of them has varied. */
  variations(): Variation[];
  /** Yields what is worth interrupting someone for, oldest first, until the runs have ended. */
  notices(options?: NoticeOptions): AsyncGenerator<LabEvent>;
  /** Events later than the given id, oldest first, at most 200; without one, the newest 50. */
  events(options?: { readonly after?: number }): LabEvent[];
  close(): void;
}

/** A request for a job of any kind, of a run of any modality. */
export type JobRequest = Readonly<Record<string, unknown>> & { readonly run: string };

export interface JobWaitOptions {
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  /** How often progress is told at most, by default every 0.5 s. */
  readonly everySeconds?: number | undefined;
  /** Aborting it ends the waiting, not the job. */
  readonly signal?: AbortSignal | undefined;
}

export interface JobWatchOptions extends JobWaitOptions {
  readonly timeoutSeconds: number;
}

export interface TrainAnswer {
  readonly runs: readonly Run[];
  /** For example `sweep-0003`; null for a single run. */
  readonly sweepId: string | null;
}

/** How often the store is looked at, in milliseconds. */
const POLL = 250;

/**
 * Waits until all runs have ended, the time is up or the signal aborts.
 *
 * @param look The runs as they stand now.
 * @returns The runs as they stood last.
 */
export async function watchRuns(look: () => Run[], options: WatchOptions): Promise<Run[]> {
  const { timeoutSeconds, onProgress, everySeconds = 3, signal } = options;
  const deadline = Date.now() + timeoutSeconds * 1000;
  let toldAt = -Infinity;
  let told = "";
  for (;;) {
    const runs = look();
    const progress = progressOf(runs);
    const due = Date.now() - toldAt >= everySeconds * 1000;
    if (due && progress.message !== told) {
      onProgress?.(progress);
      [toldAt, told] = [Date.now(), progress.message];
    }
    const ended = runs.every(hasEnded);
    const left = deadline - Date.now();
    if (ended || left <= 0 || signal?.aborted) {
      if (progress.message !== told) onProgress?.(progress);
      return runs;
    }
    await pause(Math.min(POLL, left), signal);
  }
}

function progressOf(runs: Run[]): WatchProgress {
  return {
    runs,
    done: runs.reduce((sum, run) => sum + (hasEnded(run) ? run.steps : run.step), 0),
    total: runs.reduce((sum, run) => sum + run.steps, 0),
    message: describe(runs),
  };
}

function describe(runs: Run[]): string {
  const running = runs.filter(({ status }) => status === "running").map(describeRunning);
  const counts = (["queued", "finished", "stopped", "interrupted", "failed"] as const)
    .map((status) => ({ status, n: runs.filter((run) => run.status === status).length }))
    .filter(({ n }) => n > 0)
    .map(({ status, n }) => runs.length === 1 ? `${runs[0]!.id} is ${status}` : `${n} ${status}`);
  return [...running, ...counts].join("; ");
}

function describeRunning(run: Run): string {
  if (run.activity !== "training") return `${run.id}: ${run.activity ?? "starting"}`;
  const { loss } = run.latest;
  const parts = [`${run.id}: step ${run.step} of ${run.steps}`];
  if (loss !== undefined) parts.push(`loss ${loss.toPrecision(3)}`);
  if (run.etaSeconds !== null) parts.push(`about ${duration(run.etaSeconds)} left`);
  return parts.join(", ");
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal?.addEventListener("abort", finish);
  });
}

export interface WatchProgress {
  readonly runs: readonly Run[];
  /** Steps done and to do, over all watched runs. */
  readonly done: number;
  readonly total: number;
  /** One line for people: what runs, its loss, how long it will take. */
  readonly message: string;
}

export interface WatchOptions {
  readonly timeoutSeconds: number;
  /** Called at once, then whenever something changed but at most every `everySeconds`. */
  readonly onProgress?: (progress: WatchProgress) => void;
  /** By default 3. */
  readonly everySeconds?: number;
  readonly signal?: AbortSignal | undefined;
}
