/**
 * The worker processes of a workspace, one that trains and one that does jobs: whether they are
 * alive, and how they are started.
 *
 * Each holds an exclusive lock on a file of its own for as long as it lives;
 * the operating system drops it however the process ends, so nothing depends on process ids, which
 * are used again, nor on clocks.
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { UserError } from "../../engine/host/mod.ts";
import { processExists } from "../common/files.ts";
import type { Store, WorkerKind, WorkerRow } from "../store/store.ts";

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

/** The worker of a kind in this workspace, if one lives. */
export function livingWorker(store: Store, kind: WorkerKind = "training"): WorkerRow | null {
  return store.workers.open()
    .find((worker) => worker.kind === kind && isAlive(store.workspace, worker)) ?? null;
}

/**
 * Writes down what dead workers left behind: the runs and jobs they were at are interrupted.
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
      for (const { id, kind, runId } of store.jobs.interrupt(worker.id)) {
        const message = `${id} (${kind} ${runId}) was interrupted: its process is gone`;
        store.events.add("job-ended", runId, message);
      }
      rmSync(lockPath(store.workspace, worker.id), { force: true });
    });
  }
  return dead.length > 0;
}

/**
 * Works as the worker of a kind: holds its lock and its row while `work` lasts.
 *
 * @param workerId The row that was made for it by whoever started it.
 * @throws {UserError} If another worker of the kind lives, or it came too late.
 */
export async function asWorker(
  store: Store,
  kind: WorkerKind,
  workerId: number | undefined,
  work: (workerId: number) => Promise<void>,
): Promise<void> {
  const id = workerId ?? ownRow(store, kind);
  const lock = holdLock(store.workspace, id);
  try {
    if (!store.workers.begin(id, process.pid)) {
      throw new UserError(`Worker ${id} came too late: it was given up meanwhile`);
    }
    await work(id);
  } finally {
    lock.release();
  }
}

function ownRow(store: Store, kind: WorkerKind): number {
  noticeDeadWorkers(store);
  return store.transaction(() => {
    const other = livingWorker(store, kind);
    if (other) {
      throw new UserError(
        `Another worker (process ${other.pid}) is at work in ${store.workspace}: there is one for each workspace`,
      );
    }
    return store.workers.insert(kind);
  });
}

/**
 * Says that somebody is there who may request jobs, until it is released or this process ends.
 * Any number may say so; the process that does jobs ends when nobody does.
 */
export function holdServerLock(workspace: string): { release(): void } {
  mkdirSync(join(workspace, "workers"), { recursive: true });
  const file = Deno.openSync(serversPath(workspace), { create: true, write: true });
  file.lockSync(false);
  return { release: () => file.close() };
}

/** Whether somebody holds a lock of {@link holdServerLock}. */
export function hasServer(workspace: string): boolean {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(serversPath(workspace), { write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  try {
    return !file.tryLockSync(true);
  } finally {
    file.close();
  }
}

function serversPath(workspace: string): string {
  return join(workspace, "workers", "servers.lock");
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

/** Workers in a row that may end without taking up anything before starting more is given up. */
const FAILED_STARTS = 5;

/**
 * Sees to it that what is queued is worked off, runs or jobs: starts a worker unless one lives or
 * nothing waits.
 *
 * A worker declares its end in the same transaction in which it finds the queue empty, and this
 * function looks for a living worker in one transaction as well. So what was queued before is either
 * seen by the worker that lives or by the one that is started.
 *
 * @throws {Error} If workers keep ending before they take up anything; the message has the log's end.
 */
export function ensureWorker(store: Store, kind: WorkerKind = "training"): void {
  noticeDeadWorkers(store);
  const id = store.transaction(() => {
    const waits = kind === "training" ? store.runs.queuedCount() : store.jobs.queued().length;
    if (waits === 0 || livingWorker(store, kind)) return null;
    refuseAfterFailures(store, kind);
    return store.workers.insert(kind);
  });
  if (id !== null) spawnWorker(store, id, kind);
}

function spawnWorker(store: Store, id: number, kind: WorkerKind): void {
  const log = openSync(logPath(store, kind), "a");
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
        "--kind",
        kind,
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

function refuseAfterFailures(store: Store, kind: WorkerKind): void {
  const newest = store.workers.newest(FAILED_STARTS, kind);
  const failed = newest.length === FAILED_STARTS &&
    newest.every(({ state, claims }) => state === "lost" && claims === 0);
  const recent = Date.now() - Date.parse(newest[0]?.spawnedAt ?? "1970") < 60_000;
  if (failed && recent) {
    throw new Error(
      `The worker ended ${FAILED_STARTS} times before it took up ${
        kind === "training" ? "a run" : "a job"
      }; its log, ${logPath(store, kind)}, ends with: ${endOfLog(store, kind)}`,
    );
  }
}

/** What the workers of a kind print. */
export function logPath(store: Store, kind: WorkerKind): string {
  return join(store.workspace, kind === "training" ? "worker.log" : "jobs.log");
}

function endOfLog(store: Store, kind: WorkerKind): string {
  return readFileSync(logPath(store, kind), "utf8").trimEnd().slice(-1000);
}
