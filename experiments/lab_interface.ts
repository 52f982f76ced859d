/** What can be asked of the laboratory, and how runs are waited for. */
import { duration } from "../engine/host/mod.ts";
import type { DeviceName } from "../engine/mod.ts";
import type { Comparison } from "./report/compare.ts";
import type { TrainRequest } from "./registry/requests.ts";
import type { Evaluation, ListedSample } from "./store/results.ts";
import type { Curves, LabEvent, MetricName } from "./store/metrics.ts";
import type { EvaluationEstimate, TrainingEstimate } from "./report/estimates.ts";
import type { SweepSummary, Variation } from "./report/variations.ts";
import type { RunReport } from "./report/inspect.ts";
import type { NoticeOptions } from "./report/notices.ts";
import { hasEnded, type Run, type RunFilter } from "./store/run.ts";
import type { ScheduleOptions, ScheduleReport } from "./report/schedules.ts";
import type { Job, JobFilter, JobKind, JobProgress } from "./store/jobs.ts";
import type { ConfigOverrides } from "./config/configuration.ts";
import type {
  Sample,
  SamplePixels,
  SampleRequest,
  TextSample,
  WriteRequest,
} from "./registry/modalities.ts";

export interface LabOptions {
  /** Folder of the store and the runs. It is created if it does not exist. */
  readonly workspace: string;
  /** Folder with data sets that were downloaded before; by default they are fetched when needed. */
  readonly dataDirectory?: string | undefined;
  /** Device of training and sampling; by default "auto", the fastest one for the work. */
  readonly device?: DeviceName | undefined;
}

/**
 * The laboratory of a workspace. Opening one is cheap: it loads no tensors, and other processes train
 * and sample. A `ref` is a run's id, a unique prefix of one, "latest", "best"
 * (the lowest denoising error or nats per character on the newest run's data set), "best:" and the name
 * of a data set, or a sweep's id: its best run, or all of them where several runs are taken.
 *
 * Every method throws a {@link UserError} for an error that the caller can correct, such as an unknown run.
 */
export interface Lab {
  readonly workspace: string;
  /** Starts a worker if runs are queued and no worker lives. A server calls it when it starts; `train`,
   * `resume` and `watch` do the same. */
  ensureWorker(): void;
  /** Queues one run, or every combination of a grid and seeds, and starts a worker if none lives. */
  train(request: TrainRequest): Promise<TrainAnswer>;
  /**
   * Queues a new run that continues an ended one with more steps and other overrides. The ended run does
   * not change.
   */
  extend(ref: string, overrides: ConfigOverrides): Promise<Run>;
  /** Estimates time and disk space of `train`, or with `resume` of {@link Lab.extend}, without queueing runs. */
  estimate(request: TrainRequest & { readonly resume?: string | undefined }): TrainingEstimate;
  /**
   * How long `evaluate` would take, about; null where nothing tells the speed of the run. Nothing is started.
   *
   * @throws {UserError} If the request is not valid for the run.
   */
  estimateEvaluation(request: JobRequest): EvaluationEstimate | null;
  /** Puts a stopped, interrupted or failed run back in the queue, to continue from its checkpoint. */
  resume(ref: string): Promise<Run>;
  /** Cancels queued runs, and requests that running ones stop after their current step with a checkpoint.
   * Returns the current runs: `stopRequested` is true until the worker has stopped. */
  stop(refs: readonly string[] | "all"): Run[];
  run(ref: string): Run;
  /** Returns a run for sampling or evaluation: "latest" is the newest one with a checkpoint. */
  trainedRun(ref: string): Run;
  /**
   * Returns the runs of references, each once. The id of a sweep refers to all of its runs.
   *
   * @throws {UserError} As {@link Lab.run} does.
   */
  find(refs: readonly string[]): Run[];
  /** Returns the runs of this workspace, newest first. */
  runs(filter?: RunFilter): { readonly runs: Run[]; readonly total: number };
  /** Returns the sweeps with such runs, newest first. */
  sweeps(filter?: RunFilter): { readonly sweeps: SweepSummary[]; readonly total: number };
  /** Returns the pretrained runs of the program. Their ids are valid wherever a run is named; they are never
   * written to. */
  pretrained(): Run[];
  /** Returns curves with at most `maxPoints` each (by default 50), including both ends, of points after `afterStep`. */
  metrics(
    ref: string,
    options?: {
      readonly names?: readonly MetricName[];
      readonly maxPoints?: number;
      readonly afterStep?: number;
    },
  ): Curves;
  /** Waits until all these runs have ended, the timeout, or the signal. Returns the current runs. */
  watch(refs: readonly string[], options: WatchOptions): Promise<Run[]>;
  /**
   * Draws pictures with the EMA weights of a run. This, `write` and `evaluate` are jobs: another process
   * works on them one after another, and continues when the caller no longer waits.
   */
  sample(request: SampleRequest, options?: JobWaitOptions): Promise<Sample>;
  /** Generates texts with the EMA weights of a run. */
  write(request: WriteRequest, options?: JobWaitOptions): Promise<TextSample>;
  /** Returns the texts of a run, oldest first, and the samples of modalities that are presented as tables. */
  texts(ref: string): TextSample[];
  /** Generates pictures or texts with the EMA weights of a run and measures them; for text, also measures the
   * likelihood of held-out text. */
  evaluate(request: JobRequest, options?: JobWaitOptions): Promise<Evaluation>;
  /**
   * Queues a job of `sample`, `write` or `evaluate` without waiting for it. If the same job was requested
   * before and has no result, it is returned, and continued if it was stopped or interrupted.
   */
  startJob(kind: JobKind, request: JobRequest): Job;
  job(id: string): Job;
  /** Newest first. */
  jobs(filter?: JobFilter): { readonly jobs: Job[]; readonly total: number };
  /** Waits until a job has ended, the timeout, or the signal. Returns the current job. */
  watchJob(id: string, options: JobWatchOptions): Promise<Job>;
  /** Returns the id of the sample or evaluation of a job. @throws {UserError} If it has none. */
  jobResult(job: Job): string;
  /** Cancels queued jobs, and requests that running ones stop. Their finished parts are kept. */
  stopJobs(ids: readonly string[] | "all"): Job[];
  /** A run's evaluations, oldest first. */
  evaluations(ref: string): Evaluation[];
  evaluationById(id: string): Evaluation;
  /** A run's samples, oldest first. */
  samples(ref: string): Sample[];
  /** Samples of so many of the newest runs and then of the pretrained ones, each run's newest first. */
  newestSamples(runs: number): ListedSample[];
  sampleById(id: string): Sample;
  textById(id: string): TextSample;
  /** Returns the file with the pixels. */
  sampleFile(id: string): Promise<{ readonly path: string; readonly bytes: Uint8Array }>;
  samplePixels(id: string): Promise<SamplePixels>;
  inspectSchedules(names: readonly string[], options?: ScheduleOptions): Promise<ScheduleReport>;
  /** Compares 2 to 100 runs. */
  compare(refs: readonly string[]): Comparison;
  inspect(ref: string): RunReport;
  /** Returns the settings that runs have varied, and those that no run has. */
  variations(): Variation[];
  /** Yields notices of ended, leading and warned runs, oldest first, until all runs have ended. */
  notices(options?: NoticeOptions): AsyncGenerator<LabEvent>;
  /** Returns at most 200 events after an id, or the newest 50, oldest first. */
  events(options?: { readonly after?: number }): LabEvent[];
  close(): void;
}

/** A request for a job of any kind, of a run of any modality. */
export type JobRequest = Readonly<Record<string, unknown>> & { readonly run: string };

export interface JobWaitOptions {
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  /** Seconds between reports of progress, by default 0.5. */
  readonly everySeconds?: number | undefined;
  /** Aborting it ends the wait. The job continues. */
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

/** Milliseconds between polls of the store. */
const POLL = 250;

/**
 * Waits until all runs have ended, the timeout, or the signal.
 *
 * @param look Returns the current runs.
 * @returns The runs at the end of the wait.
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
  /** Completed and total steps over all watched runs. */
  readonly done: number;
  readonly total: number;
  /** A line with the running run, its loss, and the remaining time. */
  readonly message: string;
}

export interface WatchOptions {
  readonly timeoutSeconds: number;
  /** Called at the beginning, and when something has changed, at most every `everySeconds`. */
  readonly onProgress?: (progress: WatchProgress) => void;
  /** By default 3. */
  readonly everySeconds?: number;
  readonly signal?: AbortSignal | undefined;
}
