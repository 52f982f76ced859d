/** Requesting samples and evaluations of a workspace, and waiting for them. */
import { setTimeout } from "node:timers/promises";
import { errorOfMarked, UserError } from "../engine/host/mod.ts";
import type { JobWatchOptions } from "./lab_interface.ts";
import { ensureWorker, holdServerLock, logPath, noticeDeadWorkers } from "./run/processes.ts";
import { type Job, type JobProgress, jobTitle, type NewJob } from "./store/jobs.ts";
import { hasEnded } from "./store/run.ts";
import type { RunPlace } from "./store/runs.ts";
import type { Store } from "./store/store.ts";

/** How often the store and the process that does jobs are looked at, in milliseconds. */
const POLL = 50;
const PROCESS_CHECK = 1000;

/** The side of the callers; `run/job_worker.ts` is that of the process that does jobs. */
export class JobRequests {
  readonly #store: Store;
  readonly #place: RunPlace;
  /** Keeps the process warm for the next job while this laboratory is open. */
  #lock: { release(): void } | undefined;

  /** @param place Where jobs are done. */
  constructor(store: Store, place: RunPlace) {
    this.#store = store;
    this.#place = place;
  }

  /** Queues a job, or joins one that was requested in the same way and has no result yet. */
  request(job: Omit<NewJob, "place">): Job {
    this.#lock ??= holdServerLock(this.#store.workspace);
    noticeDeadWorkers(this.#store);
    const id = this.#store.jobs.request({ ...job, place: this.#place });
    ensureWorker(this.#store, "jobs");
    return this.byId(id);
  }

  /** @throws {UserError} If there is none of this id. */
  byId(id: string): Job {
    const job = this.#store.jobs.byId(id);
    if (job) return job;
    const newest = this.#store.jobs.list({ limit: 5 }).jobs.map(({ id }) => id).join(", ");
    throw new UserError(
      `There is no job ${JSON.stringify(id)}: the newest are ${newest || "none yet"}`,
    );
  }

  /**
   * Waits until a job has ended, the time is up, or the signal aborts; the job itself goes on.
   *
   * @returns The job as it stood last.
   */
  async watch(
    id: string,
    { timeoutSeconds, onProgress, everySeconds = 0.5, signal }: JobWatchOptions,
  ): Promise<Job> {
    const deadline = Date.now() + timeoutSeconds * 1000;
    let [checkedAt, toldAt, told] = [Date.now(), -Infinity, ""];
    for (;;) {
      const now = Date.now();
      const job = this.byId(id);
      const progress = this.#progressOf(job);
      if (progress.message !== told && now - toldAt >= everySeconds * 1000) {
        onProgress?.(progress);
        [toldAt, told] = [now, progress.message];
      }
      if (hasEnded(job) || now >= deadline || signal?.aborted) return job;
      if (now - checkedAt >= PROCESS_CHECK) {
        checkedAt = now;
        // Jobs of a process that died are interrupted, and those behind them go on in another.
        noticeDeadWorkers(this.#store);
        ensureWorker(this.#store, "jobs");
      }
      await setTimeout(Math.min(POLL, deadline - now));
    }
  }

  #progressOf(job: Job): JobProgress {
    const { done, total, message } = job.progress ?? { done: 0, total: 1, message: "" };
    const title = jobTitle(job);
    if (job.status === "running") return { done, total, message: `${title}: ${message}` };
    if (job.status !== "queued") return { done, total, message: `${title} is ${job.status}` };
    const ahead = [...this.#store.jobs.running(), ...this.#store.jobs.queued()].map(({ id }) => id);
    const before = ahead.slice(0, ahead.indexOf(job.id));
    const waits = before.length === 0 ? "starting" : `waiting for ${before.join(", ")}`;
    return { done, total, message: `${title}: ${waits}` };
  }

  /**
   * The id of what a job has made.
   *
   * @throws {UserError} If it ended otherwise, for a reason that the caller can mend.
   * @throws {Error} If it failed for another reason.
   */
  resultOf(job: Job): string {
    if (job.status === "finished") return job.resultId!;
    const log = logPath(this.#store, "jobs");
    if (job.error?.mendable) throw errorOfMarked(job.error.marked);
    if (job.error) throw new Error(`${job.id} failed: ${job.error.message}; ${log} has more`);
    throw new UserError(
      job.status === "interrupted"
        ? `${job.id} was interrupted, its process is gone (${log} may say why): request the same ` +
          "again, and it goes on with the parts that it has finished"
        : `${job.id} is ${job.status}: request the same again, and it goes on with the parts that ` +
          "it has finished",
    );
  }

  /**
   * Cancels queued jobs and asks running ones to stop; their finished parts are kept.
   *
   * @param ids Those of jobs, or "all" that have not ended.
   * @returns The jobs as they stand now.
   * @throws {UserError} If all of them have ended.
   */
  stop(ids: readonly string[] | "all"): Job[] {
    const { jobs } = this.#store;
    const asked = ids === "all"
      ? [...jobs.running(), ...jobs.queued()]
      : ids.map((id) => this.byId(id));
    const ended = asked.filter(hasEnded);
    if (asked.length > 0 && ended.length === asked.length) {
      const list = ended.map(({ id, status }) => `${id} is ${status}`).join(", ");
      throw new UserError(`There is nothing to stop: ${list}`);
    }
    for (const job of asked) {
      jobs.requestStop(job.id);
      if (job.status !== "queued") continue;
      // What never ran has no process that would tell its end.
      this.#store.events.add("job-ended", job.runId, `${jobTitle(job)} stopped`);
    }
    return asked.map(({ id }) => this.byId(id));
  }

  close(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }
}
