/**
 * Entry of the worker process, started by `ensureWorker`:
 *
 *     worker_main.ts --workspace DIR [--worker ID]
 *
 * Device and folder with data sets are those that each run asks for.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { runWorker } from "./run_worker.ts";

const { values } = parseArgs({
  options: {
    workspace: { type: "string" },
    worker: { type: "string" },
  },
});
const { workspace, worker } = values;
if (workspace === undefined) throw new TypeError("Cannot start a worker: --workspace is missing");

const ending = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => ending.abort());
const log = (line: string) => console.log(`${new Date().toISOString()} [${process.pid}] ${line}`);

log("worker started");
await runWorker({
  workspace,
  signal: ending.signal,
  log,
  workerId: worker === undefined ? undefined : Number(worker),
});
log("worker ended");
process.exit(0);
