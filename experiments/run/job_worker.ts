/** The job worker: it processes jobs one after another and keeps loaded data and programs for the next. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { errorOfMarked, explained, markedMessage, UserError } from "../../engine/host/mod.ts";
import {
  chooseEngine,
  type DeviceName,
  type Engine,
  openEngine,
  type Workload,
} from "../../engine/mod.ts";
import { codeVersion, namesIn, Parts } from "../common/system.ts";
import { type Job, type JobEnd, type JobKind, jobTitle } from "../store/jobs.ts";
import type { Run } from "../store/run.ts";
import { LostRunError, type Store } from "../store/store.ts";
import { hasServer, type WorkerOptions } from "./processes.ts";

/** Reports the progress of a job; throws if the job is to end. */
export type Report = (done: number, total: number, message: string) => void;

/** The context of a job. */
export interface JobContext {
  readonly store: Store;
  readonly run: Run;
  /** The requested settings. */
  readonly input: object;
  readonly device: DeviceName | undefined;
  readonly dataDirectory: string | undefined;
  readonly report: Report;
  readonly cache: JobCache;
  /** Finished parts of the job, which outlive this process. */
  parts(madeWith: { readonly step: number; readonly device: string }): Parts;
}

/** Processes a job. @returns A function that stores the result, called in the transaction that ends the job. */
export type Work = (context: JobContext) => Promise<() => string>;

/** Milliseconds that a worker waits for another job. */
const IDLE_LIMIT = 60_000;
/** Milliseconds between polls of the queue, checks for servers, and writes of progress. */
const POLL = 40;
const SERVERS_EVERY = 250;
const PROGRESS_EVERY = 200;

interface JobWorkerOptions extends Pick<WorkerOptions, "signal" | "log"> {
  /** Loads the implementation of a kind of job for a run; npm packages may have to be fetched first. */
  readonly openWork: (run: Run, kind: JobKind) => Promise<Work>;
}

/** Processes the jobs of a store as a worker with an id. */
export class JobWorker {
  readonly #store: Store;
  readonly #id: number;
  readonly #options: JobWorkerOptions;
  readonly #cache = new JobCache();
  /** Whether this process can process another job. */
  #sound = true;

  constructor(store: Store, id: number, options: JobWorkerOptions) {
    this.#store = store;
    this.#id = id;
    this.#options = options;
  }

  /** Processes jobs until there is none for some time, no server is left, or this process cannot process another one. */
  async run(): Promise<void> {
    this.#deleteLeftovers();
    for (;;) {
      const job = await this.#next();
      if (!job) return;
      await this.#do(job);
      if (!this.#sound) break;
      await this.#cache.trim();
    }
    this.#store.workers.end(this.#id, "ended");
  }

  /** Deletes parts of finished jobs whose process was killed before it could. */
  #deleteLeftovers(): void {
    const folder = join(this.#store.workspace, "jobs");
    for (const id of namesIn(folder)) {
      if (this.#store.jobs.byId(id)?.status !== "finished") continue;
      rmSync(join(folder, id), { recursive: true, force: true });
    }
  }

  /** Waits for a job. Returns null after the end of this worker was recorded in the transaction that found no
   * job, so that a job requested later starts another worker. */
  async #next(): Promise<Job | null> {
    const { signal } = this.#options;
    const deadline = Date.now() + IDLE_LIMIT;
    let servers = { at: 0, any: true };
    for (;;) {
      const now = Date.now();
      if (now - servers.at >= SERVERS_EVERY) {
        servers = { at: now, any: hasServer(this.#store.workspace) };
        this.#store.workers.heartbeat(this.#id);
      }
      const isEnding = signal?.aborted || now >= deadline || !servers.any;
      if (isEnding || this.#store.jobs.queued().length > 0) {
        const job = this.#store.transaction(() => {
          const claimed = signal?.aborted ? null : this.#store.jobs.claim(this.#id);
          if (!claimed && isEnding) this.#store.workers.end(this.#id, "ended");
          return claimed;
        });
        if (job || isEnding) return job;
      }
      await setTimeout(POLL);
    }
  }

  async #do(job: Job): Promise<void> {
    this.#options.log?.(`${jobTitle(job)}: starting`);
    let work: Work | undefined;
    try {
      const run = this.#store.runs.byId(job.runId);
      if (!run) throw new UserError(`There is no run ${job.runId} any more`);
      work = await this.#options.openWork(run, job.kind);
      const storeResult = await work(this.#contextOf(job, run));
      this.#end(job, () => ({ status: "finished", resultId: storeResult() }));
      rmSync(partsFolder(this.#store, job), { recursive: true, force: true });
    } catch (failure) {
      if (failure instanceof LostRunError) {
        this.#sound = false;
        return;
      }
      const status = this.#statusAsked(job);
      if (status) return this.#end(job, () => ({ status }));
      const error = explained(failure);
      const mendable = error instanceof UserError;
      if (!mendable) console.error(error);
      const marked = error instanceof Error ? markedMessage(error) : String(error);
      this.#end(job, () => ({ status: "failed", error: { marked, mendable } }));
      // A module that failed to load fails again, and a device may be unusable after an error.
      if (work === undefined || !mendable) this.#sound = false;
    }
  }

  /** Returns the status that a job is requested to end with, or undefined. */
  #statusAsked({ id }: Job): "stopped" | "interrupted" | undefined {
    if (this.#store.jobs.stopRequested(id, this.#id)) return "stopped";
    return this.#options.signal?.aborted ? "interrupted" : undefined;
  }

  #end(job: Job, ending: () => JobEnd): void {
    const { jobs, events } = this.#store;
    const message = this.#store.transaction(() => {
      const end = ending();
      jobs.end(job.id, this.#id, end);
      const more = end.status === "finished"
        ? `: ${end.resultId}`
        : end.status === "failed"
        ? `: ${errorOfMarked(end.error.marked).message}`
        : "";
      const message = `${jobTitle(job)} ${end.status}${more}`;
      events.add("job-ended", job.runId, message);
      return message;
    });
    this.#options.log?.(message);
  }

  #contextOf(job: Job, run: Run): JobContext {
    const folder = partsFolder(this.#store, job);
    return {
      store: this.#store,
      run,
      input: job.input,
      device: job.requestedDevice ?? undefined,
      dataDirectory: job.dataDirectory ?? undefined,
      report: this.#reportOf(job),
      cache: this.#cache,
      parts: ({ step, device }) =>
        new Parts(folder, `${step} ${device} ${codeVersion()}`, () => this.#processSamples(job)),
    };
  }

  #reportOf(job: Job): Report {
    let writtenAt = 0;
    return (done, total, message) => {
      const status = this.#statusAsked(job);
      if (status) throw new Error(`${job.id} is to be ${status}`);
      this.#store.workers.heartbeat(this.#id);
      if (done > 0 && Date.now() - writtenAt < PROGRESS_EVERY) return;
      writtenAt = Date.now();
      this.#store.jobs.setProgress(job.id, this.#id, { done, total, message });
    };
  }

  /** Processes waiting samples first, which take seconds, while an evaluation takes minutes. */
  async #processSamples(job: Job): Promise<void> {
    if (job.kind === "sample") return;
    const { jobs } = this.#store;
    let next: Job | null;
    while ((next = jobs.claim(this.#id, "sample")) !== null) {
      const progress = jobs.byId(job.id)?.progress ?? { done: 0, total: 1 };
      const message = `waiting for ${jobTitle(next)}`;
      jobs.setProgress(job.id, this.#id, { ...progress, message });
      await this.#do(next);
    }
  }
}

/** Returns the folder of the finished parts of a job. */
function partsFolder(store: Store, { id }: Job): string {
  return join(store.workspace, "jobs", id);
}

/** Largest number of cached values; the least recently used ones are evicted. */
const MOST_KEPT = 16;

interface Kept {
  readonly value: unknown;
  dispose(): Promise<void>;
}

/**
 * A cache of engines, weights, compiled programs and data sets. A key includes everything that the value depends
 * on. Jobs are processed one at a time, so values are not used concurrently.
 */
export class JobCache {
  /** The most recently used value is last. */
  readonly #kept = new Map<string, Kept>();
  readonly #engines = new Map<Engine["device"], Engine>();
  readonly #choices = new Map<string, Engine["device"]>();

  /**
   * Returns the cached value, or creates it with `make`.
   *
   * @param dispose Releases the value when it is evicted.
   */
  async get<T>(
    key: string,
    make: () => T | Promise<T>,
    dispose: (value: T) => Promise<void> = async () => {},
  ): Promise<T> {
    const known = this.#kept.get(key);
    const value = known ? known.value as T : await make();
    this.#kept.delete(key);
    this.#kept.set(key, known ?? { value, dispose: () => dispose(value) });
    return value;
  }

  /**
   * Returns the engine of the requested device; for "auto", or nothing, that of the fastest device for the work. There is
   * one engine for each device.
   *
   * @param key Key under which the result of measuring the devices is cached.
   * @throws {UserError} If the requested device is not available.
   */
  async engineFor(
    device: DeviceName | undefined,
    key: string,
    workload: Workload,
  ): Promise<Engine> {
    if (device !== undefined && device !== "auto") {
      return await this.#engine(device, () => openEngine({ device }));
    }
    const chosen = this.#choices.get(key);
    if (chosen !== undefined) return this.#engines.get(chosen)!;
    const { engine } = await chooseEngine(workload);
    this.#choices.set(key, engine.device);
    if (this.#engines.has(engine.device)) await engine.dispose();
    return await this.#engine(engine.device, () => Promise.resolve(engine));
  }

  async #engine(device: Engine["device"], open: () => Promise<Engine>): Promise<Engine> {
    const engine = this.#engines.get(device) ?? await open();
    this.#engines.set(device, engine);
    return engine;
  }

  /** Evicts values above the limit. Must not be called while a job is running. */
  async trim(): Promise<void> {
    for (const [key, kept] of [...this.#kept].slice(0, -MOST_KEPT)) {
      this.#kept.delete(key);
      await kept.dispose();
    }
  }
}
