/** Starting the worker process of a workspace. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DeviceName } from "../../engine/mod.ts";
import type { Store } from "../store/mod.ts";
import { livingWorker, noticeDeadWorkers } from "./liveness.ts";

/** What the processes of a laboratory are given on their way. */
export interface ProcessOptions {
  readonly dataDirectory?: string;
  readonly device?: DeviceName;
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
export function ensureWorker(store: Store, options: ProcessOptions): void {
  noticeDeadWorkers(store);
  const id = store.transaction(() => {
    if (store.runs.queuedCount() === 0 || livingWorker(store)) return null;
    refuseAfterFailures(store);
    return store.workers.insert();
  });
  if (id !== null) spawnWorker(store, id, options);
}

function spawnWorker(store: Store, id: number, { dataDirectory, device }: ProcessOptions): void {
  const log = openSync(logPath(store), "a");
  try {
    const child = spawn(
      Deno.execPath(),
      [
        ...runFlags(),
        fileURLToPath(new URL("./main.ts", import.meta.url)),
        "--workspace",
        store.workspace,
        "--worker",
        String(id),
        ...(dataDirectory === undefined ? [] : ["--data-directory", dataDirectory]),
        ...(device === undefined ? [] : ["--device", device]),
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
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-net",
    "--allow-run",
    "--allow-sys",
    "--allow-ffi",
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
