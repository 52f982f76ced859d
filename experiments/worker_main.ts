/**
 * Entry of the worker process, started by `ensureWorker`:
 *
 *     worker_main.ts --workspace DIR [--worker ID] [--data-directory DIR] [--device NAME]
 */
import process from "node:process";
import { parseArgs } from "node:util";
import type { DeviceName } from "../engine/mod.ts";
import { runWorker } from "./run_worker.ts";

const { values } = parseArgs({
  options: {
    workspace: { type: "string" },
    worker: { type: "string" },
    "data-directory": { type: "string" },
    device: { type: "string" },
  },
});
const { workspace, worker, device, "data-directory": dataDirectory } = values;
if (workspace === undefined) throw new TypeError("Cannot start a worker: --workspace is missing");

const ending = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => ending.abort());
const log = (line: string) => console.log(`${new Date().toISOString()} [${process.pid}] ${line}`);

log("worker started");
await runWorker({
  workspace,
  signal: ending.signal,
  log,
  ...(worker === undefined ? {} : { workerId: Number(worker) }),
  ...(dataDirectory === undefined ? {} : { dataDirectory }),
  ...(device === undefined ? {} : { device: device as DeviceName }),
});
log("worker ended");
process.exit(0);
