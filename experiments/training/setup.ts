/** Everything a run's training needs, made ready. */
import { compileMuon, type Engine, type Muon, type Program } from "../../engine/mod.ts";
import type { Store } from "../store/mod.ts";
import { requireSameData } from "../own_data.ts";
import type { Run } from "../types.ts";
import { newestState, rewind } from "./checkpoints.ts";
import { openSubject } from "./open.ts";
import { type CheckpointOrigin, initialState, type TrainingState } from "./state.ts";
import type { Subject } from "./subject.ts";

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
  readonly subject: Subject;
  readonly state: TrainingState;
  readonly origin: CheckpointOrigin;
  readonly program: Program;
  /** Updates the hidden layers' matrices, where the configuration asks for it. */
  readonly muon: Muon | null;
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
  const subject = await loadSubject(run, context);
  store.runs.setActivity(run.id, workerId, "compiling");
  const resumed = newestState(store, run, subject.parameters);
  requireSameData(run, subject.data);
  const state = resumed?.state ?? initialState(subject.parameters, config.seed);
  rewind(store, run, workerId, state.step);
  // Replicas change the order of sums: a resumed run takes the number it began with, unless it moves
  // to another device and cannot go on bit for bit anyway.
  const replicas = run.device === engine.device && run.replicas !== null
    ? run.replicas
    : engine.replicasFor(config.batch_size);
  const facts = {
    datasetHash: subject.data.hash,
    device: engine.device,
    parameterCount: subject.parameterCount,
    replicas,
    trivialMse: run.trivialMse ?? subject.trivialError(store.workspace),
    ...(subject.pictures ? { pictures: subject.pictures } : {}),
  };
  store.runs.setFacts(run.id, workerId, facts);
  const program = await subject.compile(engine, replicas);
  const hidden = Object.keys(state.parameters).filter(subject.isHidden);
  const muon = config.muon_learning_rate > 0
    ? await compileMuon(engine, state.parameters, hidden)
    : null;
  const { id: runId, createdAt, codeVersion } = run;
  const origin = { runId, createdAt, config, codeVersion, ...facts };
  return { run, subject, state, origin, program, muon };
}

async function loadSubject(run: Run, context: TrainingContext): Promise<Subject> {
  const { store, workerId, dataDirectory, signal } = context;
  store.runs.setActivity(run.id, workerId, `loading ${run.config.dataset}`);
  let toldAt = 0;
  return await openSubject(run.config, {
    ...(dataDirectory === undefined ? {} : { directory: dataDirectory }),
    ...(signal ? { signal } : {}),
    onDecoded(done, total) {
      if (Date.now() - toldAt < 500) return;
      toldAt = Date.now();
      store.workers.heartbeat(workerId);
      store.runs.setActivity(run.id, workerId, `reading pictures: ${done} of ${total}`);
    },
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

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
