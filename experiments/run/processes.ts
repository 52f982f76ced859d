/**
 * The worker process of a workspace: whether it is alive, and how it is started.
 *
 * Whether a worker lives. Each holds an exclusive lock on a file of its own for as long as it lives;
 * the operating system drops it however the process ends, so nothing depends on process ids, which
 * are used again, nor on clocks.
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { processExists } from "../common/files.ts";
import type { Store, WorkerRow } from "../store/store.ts";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

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

/** Workers in a row that may end without taking up a run before starting more is given up. */
const FAILED_STARTS = 5;

/**
 * Sees to it that queued runs are worked off: starts a worker unless one lives or nothing waits.
 *
 * A worker declares its end in the same transaction in which it finds the queue empty, and this
 * function looks for a living worker in one transaction as well. So a run that was queued before is
 * either seen by the worker that lives or by the one that is started.
 *
 * @throws {Error} If workers keep ending before they take up a run; the message has the log's end.
 */
export function ensureWorker(store: Store): void {
  noticeDeadWorkers(store);
  const id = store.transaction(() => {
    if (store.runs.queuedCount() === 0 || livingWorker(store)) return null;
    refuseAfterFailures(store);
    return store.workers.insert();
  });
  if (id !== null) spawnWorker(store, id);
}

function spawnWorker(store: Store, id: number): void {
  const log = openSync(logPath(store), "a");
  try {
    const child = spawn(
      Deno.execPath(),
      [
        ...runFlags(),
        fileURLToPath(new URL("../worker_main.ts", import.meta.url)),
        "--workspace",
        store.workspace,
        "--worker",
        String(id),
      ],
      // A session of its own: neither the end of this process nor Ctrl-C in its terminal reaches it.
      { detached: true, stdio: ["ignore", log, log] },
    );
    child.on("error", (error) => console.error(`The worker cannot be started: ${error.message}`));
    child.unref();
    if (child.pid !== undefined) store.workers.setPid(id, child.pid);
  } finally {
    closeSync(log);
  }
}

/**
 * `deno run` with the locked packages and the permissions that training and sampling need: files,
 * network for the data sets, and native code.
 */
export function runFlags(): string[] {
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  return [
    "run",
    "--quiet",
    "--no-prompt",
    `--config=${here("../../deno.json")}`,
    `--lock=${here("../../deno.lock")}`,
    "--frozen",
    "--permission-set=program",
  ];
}

function refuseAfterFailures(store: Store): void {
  const newest = store.workers.newest(FAILED_STARTS);
  const failed = newest.length === FAILED_STARTS &&
    newest.every(({ state, claims }) => state === "lost" && claims === 0);
  const recent = Date.now() - Date.parse(newest[0]?.spawnedAt ?? "1970") < 60_000;
  if (failed && recent) {
    throw new Error(
      `The worker ended ${FAILED_STARTS} times before it took up a run; its log, ${
        logPath(store)
      }, ends with: ${endOfLog(store)}`,
    );
  }
}

function logPath(store: Store): string {
  return join(store.workspace, "worker.log");
}

function endOfLog(store: Store): string {
  return readFileSync(logPath(store), "utf8").trimEnd().slice(-1000);
}
