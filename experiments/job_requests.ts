/** Sampling from the runs of a workspace and evaluating them: requesting these jobs, waiting for them, and their results. */
import { setTimeout as delay } from "node:timers/promises";
import { errorOfMarked, UserError } from "../engine/host/mod.ts";
import {
  decodeSamplePixels,
  imageConfigOf,
  modalityOf,
  type Sample,
  type SamplePixels,
  type SampleRequest,
  textConfigOf,
  type TextSample,
  type WriteRequest,
} from "./registry/modalities.ts";
import { requireFieldsOf } from "./registry/requests.ts";
import { estimateEvaluation, type EvaluationEstimate } from "./report/estimates.ts";
import { ensureWorker, holdServerLock, logPath } from "./run/processes.ts";
import {
  type Job,
  type JobFilter,
  type JobKind,
  type JobProgress,
  jobTitle,
} from "./store/jobs.ts";
import type { Evaluation, ListedSample } from "./store/results.ts";
import { type ExecutionOptions, hasEnded } from "./store/run.ts";
import type { Store } from "./store/store.ts";
import {
  requireRoom,
  requireUnended,
  type RunFinder,
  type WatchOptions,
} from "./training_requests.ts";

/** Milliseconds between polls of the store, and between checks of the process that does jobs. */
const POLL = 50;
const PROCESS_CHECK = 1000;

/** A request for a job of any kind, of a run of any modality. */
export type JobRequest = Readonly<Record<string, unknown>> & { readonly run: string };

type JobWaitOptions = Omit<WatchOptions, "timeoutSeconds">;

/**
 * The part of the laboratory that requests jobs and returns what they made; `run/job_worker.ts` is the process that
 * does them.
 *
 * @param execution The device and the data directory of new jobs.
 */
export function jobRequests(store: Store, execution: ExecutionOptions, find: RunFinder) {
  const { jobs, events } = store;
  /** Keeps the process warm for the next job while this laboratory is open. */
  let lock: { release(): void } | undefined;

  /** @throws {UserError} If there is none of this id. */
  const byId = (id: string): Job => {
    const job = jobs.byId(id);
    if (job) return job;
    const newest = jobs.list({ limit: 5 }).jobs.map(({ id }) => id).join(", ");
    throw new UserError(
      `There is no job ${JSON.stringify(id)}: the newest are ${newest || "none yet"}`,
    );
  };

  const progressOf = (job: Job): JobProgress => {
    const { done, total, message } = job.progress ?? { done: 0, total: 1, message: "" };
    const title = jobTitle(job);
    if (job.status === "running") return { done, total, message: `${title}: ${message}` };
    if (job.status !== "queued") return { done, total, message: `${title} is ${job.status}` };
    const ahead = [...jobs.running(), ...jobs.queued()].map(({ id }) => id);
    const before = ahead.slice(0, ahead.indexOf(job.id));
    const waits = before.length === 0 ? "starting" : `waiting for ${before.join(", ")}`;
    return { done, total, message: `${title}: ${waits}` };
  };

  /**
   * Queues a job of `sample`, `write` or `evaluate` without waiting for it. If the same job was requested
   * before and has no result, it is returned, and continued if it was stopped or interrupted.
   */
  const startJob = (kind: JobKind, { run: ref, ...request }: JobRequest): Job => {
    const run = find.trainedRun(ref);
    requireFieldsOf(run, kind, request);
    const input = modalityOf(run).jobInputs[kind](run, request);
    requireRoom("jobs", jobs.list({ status: "queued", limit: 1 }).total, 1);
    lock ??= holdServerLock(store.workspace);
    const id = jobs.request({ kind, runId: run.id, input, execution });
    ensureWorker(store, "jobs");
    return byId(id);
  };

  /** Waits until a job has ended, the timeout, or the signal. Returns the current job. */
  const watchJob = async (
    id: string,
    { timeoutSeconds, onProgress, everySeconds = 0.5, signal }: WatchOptions,
  ): Promise<Job> => {
    const deadline = Date.now() + timeoutSeconds * 1000;
    let [checkedAt, reportedAt, reported] = [Date.now(), -Infinity, ""];
    for (;;) {
      const now = Date.now();
      const job = byId(id);
      const progress = progressOf(job);
      if (progress.message !== reported && now - reportedAt >= everySeconds * 1000) {
        onProgress?.(progress);
        [reportedAt, reported] = [now, progress.message];
      }
      if (hasEnded(job) || now >= deadline || signal?.aborted) return job;
      if (now - checkedAt >= PROCESS_CHECK) {
        checkedAt = now;
        // Jobs of a process that died are interrupted, and those behind them go on in another.
        ensureWorker(store, "jobs");
      }
      await delay(Math.min(POLL, deadline - now));
    }
  };

  /**
   * Returns the id of the sample or evaluation of a job.
   *
   * @throws {UserError} If it ended otherwise, for a reason that the caller can correct.
   * @throws {Error} If it failed for another reason.
   */
  const jobResult = (job: Job): string => {
    if (job.status === "finished") return job.resultId!;
    const log = logPath(store, "jobs");
    if (job.error?.mendable) throw errorOfMarked(job.error.marked);
    if (job.error) throw new Error(`${job.id} failed: ${job.error.message}; ${log} has more`);
    const state = job.status === "interrupted"
      ? `was interrupted, its process is gone (${log} may say why)`
      : `is ${job.status}`;
    throw new UserError(
      `${job.id} ${state}: request the same again, and it goes on with the parts that it has finished`,
    );
  };

  /** Requests a job and waits for its end. Returns the id of its result. */
  const finishJob = async (
    kind: JobKind,
    request: JobRequest,
    options: JobWaitOptions = {},
  ): Promise<string> => {
    const { id } = startJob(kind, request);
    const job = await watchJob(id, { timeoutSeconds: Infinity, ...options });
    options.signal?.throwIfAborted();
    return jobResult(job);
  };

  const results = resultsOf(store, find);

  return {
    ...results,
    startJob,
    watchJob,
    jobResult,

    /**
     * Draws pictures with the EMA weights of a run. This, `write` and `evaluate` are jobs: another process
     * works on them one after another, and continues when the caller no longer waits.
     */
    async sample(request: SampleRequest, options?: JobWaitOptions): Promise<Sample> {
      imageConfigOf(find.trainedRun(request.run));
      return results.sampleById(await finishJob("sample", request, options));
    },

    /** Generates texts with the EMA weights of a run. */
    async write(request: WriteRequest, options?: JobWaitOptions): Promise<TextSample> {
      textConfigOf(find.trainedRun(request.run));
      return results.textById(await finishJob("sample", request, options));
    },

    /** Generates pictures or texts with the EMA weights of a run and measures them; for text, also measures the
     * likelihood of held-out text. */
    async evaluate(request: JobRequest, options?: JobWaitOptions): Promise<Evaluation> {
      return results.evaluationById(await finishJob("evaluate", request, options));
    },

    /**
     * Estimates the time of `evaluate`; null if nothing indicates the speed of the run. Nothing is started.
     *
     * @throws {UserError} If the request is not valid for the run.
     */
    estimateEvaluation({ run: ref, ...request }: JobRequest): EvaluationEstimate | null {
      const run = find.trainedRun(ref);
      const { jobInputs, evaluatedExamples } = modalityOf(run);
      requireFieldsOf(run, "evaluate", request);
      return estimateEvaluation(
        run,
        evaluatedExamples(run, jobInputs.evaluate(run, request)),
        store.evaluations.list(run.id)
          .map((evaluation) => [evaluation, evaluatedExamples(run, evaluation)]),
      );
    },

    job(id: string): Job {
      find.refresh();
      return byId(id);
    },

    /** Returns jobs, newest first. */
    jobs(filter: JobFilter = {}): { readonly jobs: Job[]; readonly total: number } {
      find.refresh();
      return jobs.list(filter);
    },

    /**
     * Cancels queued jobs, and requests that running ones stop. Their finished parts are kept.
     *
     * @param ids Those of jobs, or "all" that have not ended.
     * @returns The jobs as they stand now.
     * @throws {UserError} If all of them have ended.
     */
    stopJobs(ids: readonly string[] | "all"): Job[] {
      find.refresh();
      const asked = ids === "all" ? [...jobs.running(), ...jobs.queued()] : ids.map(byId);
      requireUnended(asked);
      for (const job of asked) {
        jobs.requestStop(job.id);
        // What never ran has no process that would tell its end.
        if (job.status === "queued") {
          events.add("job-ended", job.runId, `${jobTitle(job)} stopped`);
        }
      }
      return asked.map(({ id }) => byId(id));
    },

    /** Lets the process that does jobs end. */
    releaseJobs(): void {
      lock?.release();
      lock = undefined;
    },
  };
}

/** The part of the laboratory that returns the results of jobs and of trainings. */
function resultsOf(store: Store, find: RunFinder) {
  const sampleById = (id: string): Sample =>
    existing(id, store.samples.byId(id), "sample") as Sample;
  /** Returns the file with the pixels of a sample. */
  const sampleFile = async (
    id: string,
  ): Promise<{ readonly path: string; readonly bytes: Uint8Array }> => {
    const { path } = sampleById(id);
    try {
      return { path, bytes: await Deno.readFile(path) };
    } catch (error) {
      throw new UserError(`The pixels of ${id} cannot be read: ${(error as Error).message}`);
    }
  };
  return {
    sampleById,
    sampleFile,

    async samplePixels(id: string): Promise<SamplePixels> {
      return decodeSamplePixels((await sampleFile(id)).bytes);
    },

    textById(id: string): TextSample {
      return existing(id, store.texts.byId(id), "text") as TextSample;
    },

    evaluationById(id: string): Evaluation {
      return existing(id, store.evaluations.byId(id), "evaluation");
    },

    /** Returns the samples of a run, oldest first. */
    samples(ref: string): Sample[] {
      return store.samples.list(find.run(ref).id) as Sample[];
    },

    /** Returns the texts of a run, oldest first, and the samples of modalities that are presented as tables. */
    texts(ref: string): TextSample[] {
      return store.texts.list(find.run(ref).id) as TextSample[];
    },

    /** Returns the evaluations of a run, oldest first. */
    evaluations(ref: string): Evaluation[] {
      return store.evaluations.list(find.run(ref).id);
    },

    /** Returns the samples of so many of the newest runs and then of the pretrained ones, each run's newest first. */
    newestSamples(runs: number): ListedSample[] {
      const published = store.runs.pretrained().flatMap(({ id }) =>
        [
          ...store.samples.list(id),
          ...store.texts.list(id).map((sample) => ({ ...sample, kind: "text" as const })),
        ].reverse()
      );
      return [...store.newestSamples(runs), ...published];
    },
  };
}

/** @throws {UserError} If there is none of this id. */
function existing<T>(id: string, found: T | null, what: string): T {
  if (found) return found;
  throw new UserError(`There is no ${what} ${JSON.stringify(id)}: inspect its run for the ids`);
}
