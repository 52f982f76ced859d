/** Requesting trainings of a workspace, waiting for them and stopping them. */
import { setTimeout as delay } from "node:timers/promises";
import { requireObtainable } from "../data/mod.ts";
import { duration, requirePrecision, UserError } from "../engine/host/mod.ts";
import { codeVersion } from "./common/system.ts";
import { type ConfigOverrides, expandGrid, parseConfig } from "./config/configuration.ts";
import type { RunConfig } from "./config/fields.ts";
import { findRuns, modalityOf, withFoundStart } from "./registry/modalities.ts";
import { DEFAULT_PRESET, type TrainRequest } from "./registry/requests.ts";
import { estimateTraining, type TrainingEstimate } from "./report/estimates.ts";
import { ensureWorkers } from "./run/processes.ts";
import type { JobProgress } from "./store/jobs.ts";
import {
  type ExecutionOptions,
  hasEnded,
  isPretrained,
  type Run,
  RUN_STATUSES,
} from "./store/run.ts";
import type { Store } from "./store/store.ts";

/** Milliseconds between the checks of a watch that a worker lives, and between its polls of the store. */
const WORKER_CHECK = 5000;
const POLL = 250;
/** Largest numbers of queued runs and jobs, so that a loop in a client does not fill the disk. */
const MAX_WAITING = { runs: 500, jobs: 200 } as const;

/** Finds runs in the state that the store has after what dead workers did was marked as interrupted. */
export interface RunFinder {
  /** Marks what dead workers did as interrupted, and replaces them. */
  refresh(): void;
  /** Returns the run of a reference. */
  run(ref: string): Run;
  /** Returns a run for sampling or evaluation: "latest" is the newest one with a checkpoint. */
  trainedRun(ref: string): Run;
}

/** @throws {UserError} If the queue would become longer than {@link MAX_WAITING}. */
export function requireRoom(
  what: keyof typeof MAX_WAITING,
  waiting: number,
  added: number,
): void {
  const limit = MAX_WAITING[what];
  if (waiting + added <= limit) return;
  throw new UserError(
    `${waiting} ${what} are queued and ${added} more would exceed ${limit}: wait for some of them, or ` +
      "end them with stop-run",
  );
}

export interface TrainAnswer {
  readonly runs: readonly Run[];
  /** For example `sweep-0003`; null for a single run. */
  readonly sweepId: string | null;
}

/**
 * The part of the laboratory that requests trainings.
 *
 * @param execution The device and the data directory of new runs.
 */
export function trainingRequests(store: Store, execution: ExecutionOptions, find: RunFinder) {
  const { runs, events } = store;

  /** Completes and validates a configuration. */
  const ready = (config: RunConfig): RunConfig => {
    requirePrecision(execution.device ?? "auto", config.precision);
    const modality = modalityOf({ config });
    const dataset = modality.resolveDataset(config.dataset);
    const ready = withFoundStart({ ...config, dataset }, find.run);
    modality.requireTrainable(ready);
    return ready;
  };

  const configsOf = ({ preset = DEFAULT_PRESET, overrides, grid, seeds }: TrainRequest) =>
    expandGrid(preset, overrides, grid, seeds).map(ready);

  /** Returns the configuration of a run that continues another one. */
  const extended = (run: Run, overrides: ConfigOverrides): RunConfig => {
    requireOwn(run);
    if (overrides.dataset !== undefined) {
      throw new UserError(
        `${run.id} goes on with its own data, so dataset cannot be overridden: to train its weights on ` +
          "other data, give overrides.start_from without resume",
      );
    }
    return ready(parseConfig({
      ...run.config,
      ...overrides,
      start_from: run.id,
      start_with: "training",
    }));
  };

  const queue = async (
    configs: readonly RunConfig[],
    label: string | null,
    sweep: object | null,
  ): Promise<TrainAnswer> => {
    requireStorable(label);
    for (const dataset of new Set(configs.map(({ dataset }) => dataset))) {
      await requireObtainable(dataset, { directory: execution.dataDirectory });
    }
    const version = codeVersion();
    const { ids, sweepId } = store.transaction(() => {
      requireRoom("runs", runs.queuedCount(), configs.length);
      const inserted = runs.insert({ configs, codeVersion: version, label, sweep, execution });
      for (const id of inserted.ids) events.add("run-queued", id, `${id} is queued`);
      return inserted;
    });
    ensureWorkers(store, execution);
    return { runs: ids.map((id) => runs.byId(id)!), sweepId };
  };

  return {
    /** Starts a worker if runs or jobs are queued and no worker lives. A server calls it when it starts; `train`,
     * `resume` and `watch` do the same. */
    ensureWorker(): void {
      ensureWorkers(store, execution);
    },

    /** Queues one run, or every combination of a grid and seeds, and starts a worker if none lives. */
    async train(request: TrainRequest): Promise<TrainAnswer> {
      const { preset = DEFAULT_PRESET, overrides, grid, seeds, label } = request;
      const isSweep = grid !== undefined || seeds !== undefined;
      const sweep = isSweep ? { preset, overrides, grid, seeds, label } : null;
      return await queue(configsOf(request), label ?? null, sweep);
    },

    /**
     * Queues a new run that continues an ended one with more steps and other overrides. The ended run does
     * not change.
     */
    async extend(ref: string, overrides: ConfigOverrides): Promise<Run> {
      const run = find.run(ref);
      const { runs: [queued] } = await queue([extended(run, overrides)], run.label, null);
      return queued!;
    },

    /** Estimates time and disk space of `train`, or with `resume` of `extend`, without queueing runs. */
    estimate(
      { resume, ...request }: TrainRequest & { readonly resume?: string | undefined },
    ): TrainingEstimate {
      const configs = resume === undefined
        ? configsOf(request)
        : [extended(find.run(resume), request.overrides ?? {})];
      find.refresh();
      return estimateTraining(configs, {
        runs: (filter) => runs.list(filter).runs,
        checkpointBytes: (id) => store.checkpoints.list(id).map(({ bytes }) => bytes),
      }, execution.device);
    },

    /** Puts a stopped, interrupted or failed run back in the queue, to continue from its checkpoint. */
    // deno-lint-ignore require-await -- errors are rejections, as in the other methods
    async resume(ref: string): Promise<Run> {
      const run = find.run(ref);
      requireOwn(run);
      const requeued = store.transaction(() => {
        if (!runs.requeue(run.id, execution)) return false;
        events.add("run-queued", run.id, `${run.id} is queued to go on`);
        return true;
      });
      if (!requeued) {
        throw new UserError(
          run.status === "finished"
            ? `${run.id} has finished its ${run.steps} steps: give overrides with more steps beside resume, ` +
              "to go on in a new run"
            : `${run.id} is ${run.status} already: only stopped, interrupted and failed runs resume`,
        );
      }
      ensureWorkers(store, execution);
      return runs.byId(run.id)!;
    },

    /** Cancels queued runs, and requests that running ones stop after their current step with a checkpoint.
     * Returns the current runs: `stopRequested` is true until the worker has stopped. */
    stop(refs: readonly string[] | "all"): Run[] {
      find.refresh();
      const asked = refs === "all"
        ? [...runs.withStatus("queued"), ...runs.withStatus("running")]
        : findRuns(store, refs);
      requireUnended(asked);
      for (const { id } of asked) {
        const before = runs.requestStop(id);
        if (before === "queued") events.add("run-ended", id, `${id} cancelled`);
      }
      return asked.map(({ id }) => runs.byId(id)!);
    },

    /** Waits until all these runs have ended, the timeout, or the signal. Returns the current runs. */
    watch(refs: readonly string[], options: WatchOptions): Promise<Run[]> {
      const ids = findRuns(store, refs).map((run) => run.id);
      let checkedAt = 0;
      const look = () => {
        find.refresh();
        const watched = ids.map((id) => runs.byId(id)!);
        // Queued runs wait forever if the worker has died.
        const waits = watched.some(({ status }) => status === "queued");
        if (waits && Date.now() - checkedAt > WORKER_CHECK) {
          checkedAt = Date.now();
          ensureWorkers(store, execution);
        }
        return watched;
      };
      return watchRuns(look, options);
    },
  };
}

/** SQLite ends a text at its first U+0000. @throws {UserError} If a label has that character. */
function requireStorable(label: string | null): void {
  const position = label?.indexOf("\0") ?? -1;
  if (position < 0) return;
  throw new UserError(
    `label has the character U+0000 at position ${position}, which cannot be stored: leave it out`,
  );
}

/** @throws {UserError} If all of the runs or jobs to stop have ended. */
export function requireUnended(asked: readonly Pick<Run, "id" | "status">[]): void {
  if (asked.length === 0 || !asked.every(hasEnded)) return;
  const list = asked.map(({ id, status }) => `${id} is ${status}`).join(", ");
  throw new UserError(`There is nothing to stop: ${list}`);
}

/** @throws {UserError} If a run is a pretrained one, whose training cannot be continued. */
function requireOwn({ id }: Run): void {
  if (!isPretrained(id)) return;
  throw new UserError(
    `${id} comes with the program and is never changed: train a run of your own, which may start from ` +
      `its weights by {"overrides": {"start_from": "${id}"}}`,
  );
}

/** How long the end of runs or jobs is waited for, and what is reported meanwhile. */
export interface WatchOptions {
  readonly timeoutSeconds: number;
  /** Called at the beginning, and when the message of the progress has changed. */
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  /** Smallest number of seconds between two calls of `onProgress`: by default 3 for runs, and 0.5 for jobs. */
  readonly everySeconds?: number | undefined;
  /** Aborting it ends the wait, and nothing else. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until all runs have ended, the timeout, or the signal.
 *
 * @param look Returns the current runs.
 * @returns The runs at the end of the wait.
 */
export async function watchRuns(
  look: () => Run[],
  options: WatchOptions,
): Promise<Run[]> {
  const { timeoutSeconds, onProgress, everySeconds = 3, signal } = options;
  const deadline = Date.now() + timeoutSeconds * 1000;
  let reportedAt = -Infinity;
  let reported = "";
  for (;;) {
    const runs = look();
    const progress = progressOf(runs);
    const due = Date.now() - reportedAt >= everySeconds * 1000;
    if (due && progress.message !== reported) {
      onProgress?.(progress);
      [reportedAt, reported] = [Date.now(), progress.message];
    }
    const left = deadline - Date.now();
    if (runs.every(hasEnded) || left <= 0 || signal?.aborted) {
      if (progress.message !== reported) onProgress?.(progress);
      return runs;
    }
    await delay(Math.min(POLL, left), undefined, { signal }).catch(() => {});
  }
}

/** Returns the completed and total steps over all runs, and a line with the running run, its loss and the remaining time. */
function progressOf(runs: Run[]): JobProgress {
  return {
    done: runs.reduce((sum, run) => sum + (hasEnded(run) ? run.steps : run.step), 0),
    total: runs.reduce((sum, run) => sum + run.steps, 0),
    message: describe(runs),
  };
}

function describe(runs: Run[]): string {
  const running = runs.filter(({ status }) => status === "running").map(describeRunning);
  const counts = RUN_STATUSES.filter((status) => status !== "running")
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
