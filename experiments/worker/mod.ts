/** Training processes: one worker for each workspace. */
export { ensureWorker, type ProcessOptions, runFlags } from "./spawn.ts";
export { livingWorker, noticeDeadWorkers } from "./liveness.ts";
export { runWorker, type WorkerOptions } from "./run.ts";
