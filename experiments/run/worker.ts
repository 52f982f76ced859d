/** The training worker: it trains queued runs one after another and ends when the queue is empty. */
import { type DeviceName, explained, UserError } from "../../engine/host/mod.ts";
import { codeVersion } from "../common/code_version.ts";
import { LostRunError, openStore, type Store } from "../store/store.ts";
import type { OpenSubject } from "./modality.ts";
import { asWorker } from "./processes.ts";
import type { Run } from "../store/run.ts";

export interface WorkerOptions {
  readonly workspace: string;
  readonly openSubject: OpenSubject;
  readonly dataDirectory?: string | undefined;
  readonly device?: DeviceName | undefined;
  /** Interrupts the current run after saving a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  /** Id of the row that was inserted for this worker when it was started. */
  readonly workerId?: number | undefined;
  readonly log?: (line: string) => void;
}

/**
 * Trains the queued runs of a workspace. There is at most one training worker.
 *
 * @throws {UserError} If another worker is alive, or the workspace cannot be opened.
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const store = openStore(options.workspace);
  try {
    await asWorker(store, "training", options.workerId, (id) => workOff(store, id, options));
  } finally {
    store.close();
  }
}

async function workOff(store: Store, workerId: number, options: WorkerOptions): Promise<void> {
  const { signal, log = () => {} } = options;
  for (;;) {
    const run = nextRun(store, workerId, signal?.aborted ?? false);
    if (!run) return;
    log(`${run.id}: starting at step ${run.checkpointStep ?? 0} of ${run.steps}`);
    const outcome = await train(store, workerId, run, options);
    log(`${run.id}: ${outcome}`);
    if (outcome === "lost") return;
  }
}

/** Claims a run, or records the end of the worker in the same transaction, so that a run queued later starts
 * another worker. */
function nextRun(store: Store, workerId: number, isEnding: boolean): Run | null {
  return store.transaction(() => {
    const run = isEnding ? null : store.runs.claim(workerId, codeVersion());
    if (!run) {
      store.workers.end(workerId, "ended");
      return null;
    }
    store.workers.countClaim(workerId);
    store.events.add("run-started", run.id, `${run.id} started`);
    return run;
  });
}

async function train(
  store: Store,
  workerId: number,
  run: Run,
  { openSubject, dataDirectory, device, signal }: WorkerOptions,
): Promise<string> {
  const end = (status: Parameters<typeof store.runs.end>[2], error: string | null) =>
    store.transaction(() => {
      store.runs.end(run.id, workerId, status, error);
      store.events.add("run-ended", run.id, `${run.id} ${error ? `${status}: ${error}` : status}`);
      return error ? `${status}: ${error}` : status;
    });
  try {
    // Loaded while holding the lock, because packages may have to be fetched first.
    const { trainRun } = await import("./trainer.ts");
    const outcome = await trainRun(run, {
      store,
      workerId,
      openSubject,
      device,
      dataDirectory,
      signal,
    });
    return end(outcome, null);
  } catch (failure) {
    const error = explained(failure);
    if (error instanceof LostRunError) return "lost";
    if (signal?.aborted) return end("interrupted", null);
    if (error instanceof UserError) return end("failed", error.message);
    console.error(error);
    return end("failed", `Internal: ${(error as Error).message}; the worker's log has more`);
  }
}
