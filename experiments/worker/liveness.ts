/**
 * Whether a worker lives. Each holds an exclusive lock on a file of its own for as long as it lives;
 * the operating system drops it however the process ends, so nothing depends on process ids, which
 * are used again, nor on clocks.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { processExists } from "../processes.ts";
import type { Store, WorkerRow } from "../store/mod.ts";

/** How long a worker may take from being started to holding its lock, in milliseconds. */
const START_LIMIT = 30_000;

/** Takes the lock; it is held until `release` or the end of the process. */
export function holdLock(workspace: string, workerId: number): { release(): void } {
  mkdirSync(join(workspace, "workers"), { recursive: true });
  const path = lockPath(workspace, workerId);
  const file = lockedFile(path);
  return {
    release() {
      file.close();
      rmSync(path, { force: true });
    },
  };
}

/**
 * The file at this path, locked. A worker of a store that was moved away may hold and then remove a
 * file of the same name: what is locked then is no longer what others would find.
 */
function lockedFile(path: string): Deno.FsFile {
  for (;;) {
    const file = Deno.openSync(path, { create: true, write: true });
    file.lockSync(true);
    if (existsSync(path) && Deno.statSync(path).ino === file.statSync().ino) return file;
    file.close();
  }
}

/** Whether the process behind an open row of `workers` is there. */
export function isAlive(workspace: string, worker: WorkerRow): boolean {
  if (isLocked(lockPath(workspace, worker.id))) return true;
  if (worker.state !== "starting") return false;
  const age = Date.now() - Date.parse(worker.spawnedAt);
  return age < START_LIMIT && (worker.pid === null || processExists(worker.pid));
}

/** The worker of this workspace, if one lives. */
export function livingWorker(store: Store): WorkerRow | null {
  return store.workers.open().find((worker) => isAlive(store.workspace, worker)) ?? null;
}

/**
 * Writes down what dead workers left behind: the runs they were at are interrupted.
 *
 * @returns Whether there were any.
 */
export function noticeDeadWorkers(store: Store): boolean {
  const dead = store.workers.open().filter((worker) => !isAlive(store.workspace, worker));
  for (const worker of dead) {
    store.transaction(() => {
      // Between the look at its lock and this transaction it may have ended in good order.
      if (!store.workers.open().some(({ id }) => id === worker.id)) return;
      store.workers.end(worker.id, "lost");
      for (const id of store.runs.interrupt(worker.id)) {
        store.events.add("run-ended", id, `${id} was interrupted: its worker is gone`);
      }
      rmSync(lockPath(store.workspace, worker.id), { force: true });
    });
  }
  return dead.length > 0;
}

function lockPath(workspace: string, workerId: number): string {
  return join(workspace, "workers", `${workerId}.lock`);
}

function isLocked(path: string): boolean {
  if (!existsSync(path)) return false;
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  try {
    // A shared lock: two who look at once do not take each other for the worker.
    return !file.tryLockSync(false);
  } finally {
    file.close();
  }
}
