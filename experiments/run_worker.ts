/**
 * What loads the engine, which {@link openLab} does not: the two worker processes, and questions about weights and
 * devices. Run as a program, it is the entry of the workers, which `ensureWorker` starts:
 *
 *     run_worker.ts --workspace DIR [--kind training|jobs] [--worker ID]
 *
 * Device and folder with data sets are those that each run and each job requests.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { type DeviceName, explained, UserError } from "../engine/host/mod.ts";
import type { DeviceChoice } from "../engine/mod.ts";
import { codeVersion } from "./common/system.ts";
import { type ConfigOverrides, resolveConfig } from "./config/configuration.ts";
import { modalityOf, openSubject, type PresetName } from "./registry/modalities.ts";
import { asWorker, type WorkerOptions } from "./run/processes.ts";
import type { JobKind } from "./store/jobs.ts";
import type { Run } from "./store/run.ts";
import { LostRunError, type Store } from "./store/store.ts";

/** Options of the training worker. */
interface TrainingWorkerOptions extends WorkerOptions {
  /** Folder with data sets, for runs that request none. */
  readonly dataDirectory?: string | undefined;
  /** Device of runs that request none. */
  readonly device?: DeviceName | undefined;
}

/**
 * Trains the queued runs of a workspace one after another, until the queue is empty. There is at most one training
 * worker.
 *
 * @throws {UserError} If another worker is alive, or the workspace cannot be opened.
 */
export async function runWorker(options: TrainingWorkerOptions): Promise<void> {
  await asWorker(options, "training", (store, id) => workOff(store, id, options));
}

async function workOff(
  store: Store,
  workerId: number,
  options: TrainingWorkerOptions,
): Promise<void> {
  const { signal, log = () => {} } = options;
  for (;;) {
    const run = nextRun(store, workerId, signal?.aborted ?? false);
    if (!run) return;
    log(`${run.id}: starting at step ${run.checkpointStep ?? 0} of ${run.steps}`);
    const outcome = await train(store, workerId, run, options);
    log(`${run.id}: ${outcome}`);
    if (outcome === "lost") return;
  }
}

/** Claims a run. If there is none, records the end of the worker in the same transaction, so that a run queued later
 * starts another worker. */
function nextRun(store: Store, workerId: number, isEnding: boolean): Run | null {
  return store.transaction(() => {
    const run = isEnding ? null : store.runs.claim(workerId, codeVersion());
    if (!run) {
      store.workers.end(workerId, "ended");
      return null;
    }
    store.events.add("run-started", run.id, `${run.id} started`);
    return run;
  });
}

async function train(
  store: Store,
  workerId: number,
  run: Run,
  { dataDirectory, device, signal }: TrainingWorkerOptions,
): Promise<string> {
  const end = (status: Parameters<typeof store.runs.end>[2], error: string | null) =>
    store.transaction(() => {
      store.runs.end(run.id, workerId, status, error);
      store.events.add("run-ended", run.id, `${run.id} ${error ? `${status}: ${error}` : status}`);
      return error ? `${status}: ${error}` : status;
    });
  try {
    // Loaded while holding the lock, because packages may have to be fetched first.
    const { trainRun } = await import("./run/trainer.ts");
    const context = { store, workerId, openSubject, device, dataDirectory, signal };
    return end(await trainRun(run, context), null);
  } catch (failure) {
    const error = explained(failure);
    if (error instanceof LostRunError) return "lost";
    if (signal?.aborted) return end("interrupted", null);
    if (error instanceof UserError) return end("failed", error.message);
    console.error(error);
    return end("failed", `Internal: ${(error as Error).message}; the worker's log has more`);
  }
}

/**
 * Does the jobs of a workspace in this process: samples and evaluations. There is at most one job worker.
 *
 * @throws {UserError} If another worker is alive, or the workspace cannot be opened.
 */
async function runJobs(options: WorkerOptions): Promise<void> {
  await asWorker(options, "jobs", async (store, id) => {
    const { JobWorker } = await import("./run/job_worker.ts");
    const { signal, log } = options;
    const openWork = async (run: Run, kind: JobKind) => (await modalityOf(run).load())[kind];
    await new JobWorker(store, id, { openWork, signal, log }).run();
  });
}

/**
 * Returns the averaged weights of a checkpoint in half precision, as a file for `study/`; of a network on text with
 * the characters that it writes.
 *
 * @throws {UserError} If the bytes are no checkpoint, or the text is not available.
 */
export async function publishedWeights(
  checkpoint: Uint8Array,
  options: { readonly dataDirectory?: string | undefined } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { checkpointConfig, halfPrecision } = await import("./run/state.ts");
  const config = checkpointConfig(checkpoint);
  const { publishedCharacters } = await modalityOf({ config }).load();
  return halfPrecision(checkpoint, await publishedCharacters?.(config, options.dataDirectory));
}

/** Returns the device on which a new run with this configuration would train, and what was found of all. */
export async function trainingDevice(
  preset: PresetName,
  overrides: ConfigOverrides,
): Promise<DeviceChoice> {
  const { deviceForTraining } = await import("./run/setup.ts");
  return await deviceForTraining(resolveConfig(preset, overrides), openSubject);
}

if (import.meta.main) await main();

async function main(): Promise<never> {
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
}
