/** Entry points that load the engine, which {@link openLab} does not: the two worker processes, and questions about weights and devices. */
import { modalityOf, openSubject, type PresetName } from "./registry/modalities.ts";
import type { JobWorkerOptions as JobOptions } from "./run/job_worker.ts";
import type { WorkerOptions as Options } from "./run/worker.ts";
import { loadTextDataset } from "../data/mod.ts";
import { UserError } from "../engine/host/mod.ts";
import type { DeviceChoice } from "../engine/mod.ts";
import type { RunConfig } from "./config/fields.ts";
import { type ConfigOverrides, resolveConfig } from "./config/sweep.ts";

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

/**
 * The averaged weights of a checkpoint in half precision, as a file for `study/`; of a network on text
 * with the characters that it writes.
 *
 * @throws {UserError} If the bytes are no checkpoint, or the text cannot be had.
 */
export async function publishedWeights(
  checkpoint: Uint8Array,
  options: { readonly dataDirectory?: string | undefined } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { checkpointConfig, halfPrecision } = await import("./run/state.ts");
  const config: RunConfig & { vocabulary_size?: number } = checkpointConfig(checkpoint);
  if (config.vocabulary_size === undefined) return halfPrecision(checkpoint);
  if (config.vocabulary_size > 0) {
    throw new UserError(
      "Only networks that read characters are published: not a byte-pair vocabulary",
    );
  }
  const { vocabulary } = await loadTextDataset(config.dataset, {
    directory: options.dataDirectory,
  });
  return halfPrecision(checkpoint, vocabulary.characters.join(""));
}

/** The device on which a new run with this configuration would train, and what was found of all. */
export async function trainingDevice(
  preset: PresetName,
  overrides: ConfigOverrides,
): Promise<DeviceChoice> {
  const { deviceForTraining } = await import("./run/setup.ts");
  return await deviceForTraining(resolveConfig(preset, overrides), openSubject);
}
