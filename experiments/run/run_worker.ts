import type { WorkerOptions } from "./worker.ts";

export type { WorkerOptions } from "./worker.ts";

/**
 * Works off the queue of a workspace in this process; loads the engine, which {@link openLab} does
 * not.
 *
 * @throws {UserError} If another worker lives, or the workspace cannot be opened.
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const worker = await import("./worker.ts");
  await worker.runWorker(options);
}
