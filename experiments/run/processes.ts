/**
 * The worker processes of a workspace, one for training and one for jobs: checking whether they are alive, and
 * starting them.
 *
 * Each worker holds an exclusive lock on a file. The operating system releases it however the process ends, so
 * nothing depends on clocks or on process ids, which may be reused.
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { UserError } from "../../engine/host/mod.ts";
import { processExists } from "../common/system.ts";
import { jobTitle } from "../store/jobs.ts";
import type { ExecutionOptions } from "../store/run.ts";
import { openStore, type Store, type WorkerKind, type WorkerRow } from "../store/store.ts";

/** Time limit in milliseconds from the start of a worker until it holds its lock. */
const START_LIMIT = 30_000;

/** Acquires the lock of a worker, held until `release` or the end of the process. */
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
 * Opens and locks the file at a path. A worker of a store that was moved away may remove a file of the same
 * name; the lock is then acquired again on the new file.
 */
function lockedFile(path: string): Deno.FsFile {
  for (;;) {
    const file = Deno.openSync(path, { create: true, write: true });
    file.lockSync(true);
    if (existsSync(path) && Deno.statSync(path).ino === file.statSync().ino) return file;
    file.close();
  }
}

/** Whether the process of an open row of `workers` is alive. */
function isAlive(workspace: string, worker: WorkerRow): boolean {
  // A shared lock, so that concurrent checks do not mistake each other for the worker.
  if (isLocked(lockPath(workspace, worker.id), false)) return true;
  if (worker.state !== "starting") return false;
  const age = Date.now() - Date.parse(worker.spawnedAt);
  return age < START_LIMIT && (worker.pid === null || processExists(worker.pid));
}

/** Returns the living worker of a kind, or null. */
export function livingWorker(store: Store, kind: WorkerKind = "training"): WorkerRow | null {
  return store.workers.open()
    .find((worker) => worker.kind === kind && isAlive(store.workspace, worker)) ?? null;
}

/**
 * Marks the runs and jobs of dead workers as interrupted.
 *
 * @returns Whether there were dead workers.
 */
export function noticeDeadWorkers(store: Store): boolean {
  const dead = store.workers.open().filter((worker) => !isAlive(store.workspace, worker));
  for (const worker of dead) {
    store.transaction(() => {
      // It may have ended normally between the check of its lock and this transaction.
      if (!store.workers.open().some(({ id }) => id === worker.id)) return;
      store.workers.end(worker.id, "lost");
      for (const id of store.runs.interrupt(worker.id)) {
        store.events.add("run-ended", id, `${id} was interrupted: its worker is gone`);
      }
      for (const job of store.jobs.interrupt(worker.id)) {
        const message = `${jobTitle(job)} was interrupted: its process is gone`;
        store.events.add("job-ended", job.runId, message);
      }
      rmSync(lockPath(store.workspace, worker.id), { force: true });
    });
  }
  return dead.length > 0;
}

/** Starts workers for queued runs and jobs, where none lives. @throws {Error} As {@link ensureWorker} does. */
export function ensureWorkers(store: Store, execution: ExecutionOptions): void {
  store.runs.completeExecution(execution);
  ensureWorker(store);
  ensureWorker(store, "jobs");
}

/** Marks the runs and jobs of dead workers as interrupted, and starts workers for those that are queued. */
export function replaceDeadWorkers(store: Store, execution: ExecutionOptions): void {
  if (!noticeDeadWorkers(store)) return;
  try {
    ensureWorkers(store, execution);
  } catch {
    // Requests and watches report that no worker can be started.
  }
}

export interface WorkerOptions {
  readonly workspace: string;
  /** Interrupts what is in progress: a training after it has saved a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  /** Id of the row that was inserted for this worker when its process was started. */
  readonly workerId?: number | undefined;
  readonly log?: ((line: string) => void) | undefined;
}

/**
 * Opens the store of a workspace and runs `work` as its worker of a kind, which holds its lock and its row.
 *
 * @throws {UserError} If another worker of the kind is alive, this one started too late, or the workspace cannot be opened.
 */
export async function asWorker(
  { workspace, workerId }: WorkerOptions,
  kind: WorkerKind,
  work: (store: Store, workerId: number) => Promise<void>,
): Promise<void> {
  const store = openStore(workspace);
  try {
    const id = workerId ?? ownRow(store, kind);
    const lock = holdLock(store.workspace, id);
    try {
      if (!store.workers.begin(id, process.pid)) {
        throw new UserError(`Worker ${id} came too late: it was given up meanwhile`);
      }
      await work(store, id);
    } finally {
      lock.release();
    }
  } finally {
    store.close();
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
 * Acquires a shared lock that keeps the job worker alive, until it is released or this process ends. The job
 * worker ends when no process holds it.
 */
export function holdServerLock(workspace: string): { release(): void } {
  mkdirSync(join(workspace, "workers"), { recursive: true });
  const file = Deno.openSync(serversPath(workspace), { create: true, write: true });
  file.lockSync(false);
  return { release: () => file.close() };
}

/** Whether any process holds a lock of {@link holdServerLock}. */
export function hasServer(workspace: string): boolean {
  // Servers share their lock, so only an exclusive one cannot be had beside theirs.
  return isLocked(serversPath(workspace), true);
}

function serversPath(workspace: string): string {
  return join(workspace, "workers", "servers.lock");
}

function lockPath(workspace: string, workerId: number): string {
  return join(workspace, "workers", `${workerId}.lock`);
}

/** Whether a lock of a file cannot be acquired; false where there is no file. */
function isLocked(path: string, exclusive: boolean): boolean {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { read: true, write: exclusive });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  try {
    return !file.tryLockSync(exclusive);
  } finally {
    file.close();
  }
}

/** Number of consecutive workers that may end without claiming anything before no more are started. */
const FAILED_STARTS = 5;

/**
 * Starts a worker if runs or jobs are queued and no worker is alive.
 *
 * A worker records its end in the transaction in which it finds the queue empty, and this function checks for a
 * living worker in a transaction as well, so everything queued is seen by the living worker or by a new one.
 *
 * @throws {Error} If workers repeatedly end before they claim anything; the message has the end of the log.
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
        fileURLToPath(new URL("../run_worker.ts", import.meta.url)),
        "--workspace",
        store.workspace,
        "--worker",
        String(id),
        "--kind",
        kind,
      ],
      // In a session of its own, so that it survives the end of this process and Ctrl-C in its terminal.
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
    const log = logPath(store, kind);
    throw new Error(
      `The worker ended ${FAILED_STARTS} times before it took up ${
        kind === "training" ? "a run" : "a job"
      }; its log, ${log}, ends with: ${readFileSync(log, "utf8").trimEnd().slice(-1000)}`,
    );
  }
}

/** Returns the path of the log of the workers of a kind. */
export function logPath(store: Store, kind: WorkerKind): string {
  return join(store.workspace, kind === "training" ? "worker.log" : "jobs.log");
}
