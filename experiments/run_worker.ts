import { openSubject } from "./registry/modalities.ts";
import type { WorkerOptions as Options } from "./run/worker.ts";

export type WorkerOptions = Omit<Options, "openSubject">;

/**
 * Works off the queue of a workspace in this process; loads the engine, which {@link openLab} does
 * not.
 *
 * @throws {UserError} If another worker lives, or the workspace cannot be opened.
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const worker = await import("./run/worker.ts");
  await worker.runWorker({ ...options, openSubject });
}
