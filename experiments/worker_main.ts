/**
 * Entry of the processes that train and that do jobs, started by `ensureWorker`:
 *
 *     worker_main.ts --workspace DIR [--kind training|jobs] [--worker ID]
 *
 * Device and folder with data sets are those that each run and each job requests.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { runJobs, runWorker } from "./run_worker.ts";

const { values } = parseArgs({
  options: {
    workspace: { type: "string" },
    worker: { type: "string" },
    kind: { type: "string", default: "training" },
  },
});
const { workspace, worker, kind } = values;
if (workspace === undefined) throw new TypeError("Cannot start a worker: --workspace is missing");

const ending = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => ending.abort());
const log = (line: string) => console.log(`${new Date().toISOString()} [${process.pid}] ${line}`);

log(`${kind}: worker started`);
await (kind === "jobs" ? runJobs : runWorker)({
  workspace,
  signal: ending.signal,
  log,
  workerId: worker === undefined ? undefined : Number(worker),
});
log(`${kind}: worker ended`);
process.exit(0);
