/** Temporary workspaces, and the smallest run that does everything. */
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import {
  imageConfigOf,
  type Lab,
  openLab,
  resolveConfig,
  type RunConfig,
} from "../../experiments/mod.ts";
import { openStore, type Store } from "../../experiments/store/store.ts";
import { livingWorker } from "../../experiments/run/processes.ts";
import type { ImageConfig } from "../../experiments/image/config.ts";
import { runWorker } from "../../experiments/run_worker.ts";

/** Calls `work` with a new folder, which is deleted afterwards. */
export async function withWorkspace(work: (workspace: string) => Promise<void> | void) {
  const workspace = await Deno.makeTempDir({ prefix: "textdiffusion-test-" });
  try {
    await work(workspace);
  } finally {
    await jobsAtRest(workspace);
    await removeFolder(workspace);
  }
}

/**
 * Waits for the end of the process that does jobs. It ends by itself once nothing is queued and every
 * laboratory that requested a job is closed, and would write into the folder while it is removed.
 */
export async function jobsAtRest(workspace: string): Promise<void> {
  if (!existsSync(join(workspace, "workers"))) return;
  const store = openStore(workspace);
  for (let tries = 0; livingWorker(store, "jobs") && tries < 1200; tries++) await setTimeout(50);
  store.close();
}

/** As {@link withWorkspace}, with its store. */
export function withStore(work: (store: Store) => Promise<void> | void): Promise<void> {
  return withWorkspace(async (workspace) => {
    const store = openStore(workspace);
    try {
      await work(store);
    } finally {
      store.close();
    }
  });
}

export type ImageOverrides = Partial<Omit<ImageConfig, "modality">>;

/** A tiny network for a few steps on the made-up digits. */
export const SHORT: ImageOverrides = {
  dataset: "made-up-digits",
  steps: 12,
  batch_size: 8,
  log_every: 2,
  validate_every: 12,
  checkpoint_every: 4,
  sample_every: 0,
};

export function shortConfig(overrides: ImageOverrides = {}): ImageConfig {
  const config = resolveConfig("mnist-tiny", { ...SHORT, ...overrides });
  return imageConfigOf({ id: "test", config });
}

/** Queues runs with these configurations; returns their ids. */
export function queue(store: Store, ...configs: RunConfig[]): string[] {
  return store.runs.insert({ configs, codeVersion: "test", label: null, sweep: null }).ids;
}

/** Workspaces with finished runs, by the runs' configurations. */
const finished = new Map<string, Promise<string>>();

/**
 * A workspace with trained runs of these configurations. They are trained once for each test file;
 * every call has a copy of its own.
 */
export async function withTrainedWorkspace(
  configs: readonly RunConfig[],
  work: (workspace: string) => Promise<void>,
): Promise<void> {
  const key = JSON.stringify(configs);
  if (!finished.has(key)) finished.set(key, trainedWorkspace(configs));
  const trained = await finished.get(key)!;
  await withWorkspace(async (workspace) => {
    cpSync(trained, workspace, { recursive: true });
    await work(workspace);
  });
}

async function trainedWorkspace(configs: readonly RunConfig[]): Promise<string> {
  const workspace = Deno.makeTempDirSync({ prefix: "textdiffusion-test-" });
  addEventListener("unload", () => Deno.removeSync(workspace, { recursive: true }));
  const store = openStore(workspace);
  queue(store, ...configs);
  store.close();
  await runWorker({ workspace, device: "cpu" });
  return workspace;
}

/** A laboratory with trained runs of these configurations, by default one of six steps. */
export function withTrainedLab(
  work: (lab: Lab) => Promise<void>,
  configs: readonly RunConfig[] = [shortConfig({ steps: 6 })],
): Promise<void> {
  return withTrainedWorkspace(configs, async (workspace) => {
    const lab = openLab({ workspace, device: "cpu" });
    try {
      await work(lab);
    } finally {
      lab.close();
    }
  });
}

/** Queues a run and brings it to its end with one validation, without training. */
export function finishedRun(store: Store, config: RunConfig, denoisingMse: number): string {
  const [id] = queue(store, config) as [string];
  const workerId = store.workers.insert();
  store.runs.claim(workerId, "test");
  store.metrics.insert(id, [
    { name: "denoising_mse", step: config.steps, value: denoisingMse },
    { name: "loss", step: config.steps, value: 2 * denoisingMse },
  ]);
  store.runs.setStep(id, workerId, config.steps);
  store.runs.end(id, workerId, "finished", null);
  store.workers.end(workerId, "ended");
  return id;
}

/**
 * Stops all training in a workspace and waits for the end of its worker, which outlives its server
 * and would write into the folder while it is being removed.
 */
export async function stopTraining(workspace: string): Promise<void> {
  const lab = openLab({ workspace });
  const stopped = lab.stop("all").map((run) => run.id);
  lab.stopJobs("all");
  await lab.watch(stopped, { timeoutSeconds: 60 });
  lab.close();
  const store = openStore(workspace);
  for (let tries = 0; livingWorker(store) && tries < 600; tries++) await setTimeout(100);
  store.close();
}

/** Removes a folder; tries again while processes that are on their way out still write into it. */
export async function removeFolder(path: string): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      return await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      if (tries === 40) throw error;
      await setTimeout(250);
    }
  }
}
