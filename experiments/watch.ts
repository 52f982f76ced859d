/** Waiting for runs, with word of how they get on. */
import type { Run } from "./store/run.ts";
import { duration } from "./common/duration.ts";

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

/** Whether nothing more will happen to it by itself. */
export function hasEnded(run: Run): boolean {
  return run.status !== "queued" && run.status !== "running";
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
  readonly signal?: AbortSignal;
}
