/** The two processes that work for a laboratory; both load the engine, which {@link openLab} does not. */
import { modalityOf, openSubject } from "./registry/modalities.ts";
import type { JobWorkerOptions as JobOptions } from "./run/job_worker.ts";
import type { WorkerOptions as Options } from "./run/worker.ts";

export type WorkerOptions = Omit<Options, "openSubject">;
export type JobWorkerOptions = Omit<JobOptions, "openWork">;

/**
 * Works off the queue of a workspace's runs in this process.
 *
 * @throws {UserError} If another worker lives, or the workspace cannot be opened.
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const worker = await import("./run/worker.ts");
  await worker.runWorker({ ...options, openSubject });
}

/**
 * Does the jobs of a workspace in this process: samples and evaluations.
 *
 * @throws {UserError} If another process does them, or the workspace cannot be opened.
 */
export async function runJobs(options: JobWorkerOptions): Promise<void> {
  const worker = await import("./run/job_worker.ts");
  await worker.runJobs({
    ...options,
    openWork: async (run, kind) => (await modalityOf(run).load())[kind],
  });
}
