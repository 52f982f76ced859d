/** Everything a run's training needs, made ready. */
import { loadImageDataset } from "../../data/mod.ts";
import type { ImageDataset } from "../../data/mod.ts";
import { type Engine, type Program, UserError } from "../../engine/mod.ts";
import { trainingStep } from "../../models/diffusion/mod.ts";
import { type ImageNetwork, imageNetwork } from "../../models/image/mod.ts";
import type { Store } from "../store/mod.ts";
import { objectiveFor } from "../objective.ts";
import type { Run } from "../types.ts";
import { pixelwiseDenoisingError } from "./baseline.ts";
import { isWeighted } from "./batch.ts";
import { newestState, rewind } from "./checkpoints.ts";
import { splitInputs, stepSignature } from "./signature.ts";
import { type CheckpointOrigin, initialState, type TrainingState } from "./state.ts";
import { type Validation, validationOf } from "./validation.ts";

/** What the worker lends to the training of one run. */
export interface TrainingContext {
  readonly store: Store;
  readonly workerId: number;
  readonly engine: Engine;
  readonly dataDirectory?: string;
  readonly signal?: AbortSignal;
}

export interface Training {
  readonly run: Run;
  readonly network: ImageNetwork;
  readonly dataset: ImageDataset;
  readonly state: TrainingState;
  readonly origin: CheckpointOrigin;
  readonly program: Program;
  readonly validation: Validation;
}

/**
 * Loads the data, goes back to the newest checkpoint where there is one, and compiles. What is
 * compiled belongs to the engine.
 *
 * @throws {UserError} If the data is not to be had, or is not what the run began with.
 */
export async function prepareTraining(run: Run, context: TrainingContext): Promise<Training> {
  const { store, workerId, engine } = context;
  const { config } = run;
  const dataset = await loadDataset(run, context);
  store.runs.setActivity(run.id, workerId, "compiling");
  const network = imageNetwork(config.size);
  const resumed = newestState(store, run, network.parameters);
  requireSameData(run, dataset);
  const state = resumed?.state ?? initialState(network.parameters, config.seed);
  rewind(store, run, workerId, state.step);
  // Replicas change the order of sums: a resumed run takes the number it began with, unless it moves
  // to another device and cannot go on bit for bit anyway.
  const replicas = run.device === engine.device && run.replicas !== null
    ? run.replicas
    : engine.replicasFor(config.batch_size);
  const facts = {
    datasetHash: dataset.hash,
    device: engine.device,
    parameterCount: network.parameterCount,
    replicas,
    trivialMse: run.trivialMse ?? pixelwiseDenoisingError(dataset),
  };
  store.runs.setFacts(run.id, workerId, facts);
  const program = await compileTraining(run, network, dataset, engine, replicas);
  const validation = validationOf(engine, network, config, dataset);
  const { id: runId, codeVersion } = run;
  const origin = { runId, config, codeVersion, ...facts };
  return { run, network, dataset, state, origin, program, validation };
}

async function loadDataset(run: Run, context: TrainingContext): Promise<ImageDataset> {
  const { store, workerId, dataDirectory, signal } = context;
  const name = run.config.dataset;
  store.runs.setActivity(run.id, workerId, `loading ${name}`);
  let toldAt = 0;
  return await loadImageDataset(name, {
    ...(dataDirectory === undefined ? {} : { directory: dataDirectory }),
    ...(signal ? { signal } : {}),
    onProgress({ file, receivedBytes, totalBytes }) {
      if (Date.now() - toldAt < 500) return;
      toldAt = Date.now();
      const of = totalBytes === undefined ? "" : ` of ${megabytes(totalBytes)}`;
      store.workers.heartbeat(workerId);
      store.runs.setActivity(
        run.id,
        workerId,
        `downloading ${file}: ${megabytes(receivedBytes)}${of} MB`,
      );
    },
  });
}

function requireSameData(run: Run, dataset: ImageDataset): void {
  if (run.datasetHash === null || run.datasetHash === dataset.hash) return;
  throw new UserError(
    `${run.id} began on other data: ${dataset.name} hashes to ${
      dataset.hash.slice(0, 12)
    } now and ` +
      `to ${run.datasetHash.slice(0, 12)} then; put the old files back, or train a new run`,
  );
}

async function compileTraining(
  run: Run,
  network: ImageNetwork,
  dataset: ImageDataset,
  engine: Engine,
  count: number,
): Promise<Program> {
  const weighted = isWeighted(run.config);
  const signature = stepSignature(network.parameters, run.config.batch_size, dataset, weighted);
  const options = count > 1
    ? { replicas: { count, split: splitInputs(signature), outputs: "mean" as const } }
    : {};
  return await engine.compile(
    trainingStep(network, objectiveFor(run.config), { weighted }),
    signature,
    options,
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
