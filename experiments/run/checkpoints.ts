/** Checkpoint files of a run and their rows in the store, and the state that training begins with. */
import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Parameters, UserError } from "../../engine/mod.ts";
import type { ParameterSpec } from "../../models/layers/mod.ts";
import { deleteUnwanted, isAbandoned, isTemporary, writeFileAtomically } from "../common/system.ts";
import { KEPT_CHECKPOINTS } from "../store/results.ts";
import type { MetricRow, Store } from "../store/store.ts";
import {
  type CheckpointOrigin,
  decodeCheckpoint,
  decodeWeights,
  EMPTY_WINDOW,
  encodeCheckpoint,
  initialState,
  isCheckpointOf,
  stateFrom,
  type TrainingState,
  vocabularyIn,
} from "./state.ts";
import { isPretrained, type Run } from "../store/run.ts";
import type { Subject } from "./modality.ts";
import { type RunConfig, startOf } from "../config/fields.ts";

/** Pattern of checkpoint file names. */
const CHECKPOINT_FILE = /^step-\d{7,}(\.\d+)?\.safetensors$/;
/** Number of attempts to read checkpoints while a worker deletes old ones. */
const ATTEMPTS = 3;

/**
 * Writes a checkpoint, then its row together with the metrics up to it, so that every row has a file, and
 * no metric before a checkpoint is lost.
 */
export function saveCheckpoint(
  store: Store,
  state: TrainingState,
  origin: CheckpointOrigin,
  workerId: number,
  metrics: readonly MetricRow[],
): void {
  const { step } = state;
  const path = pathFor(store, origin, step);
  const bytes = encodeCheckpoint(state, origin);
  writeFileAtomically(join(store.workspace, path), bytes);
  const old = store.transaction(() => {
    store.runs.setStep(origin.runId, workerId, step);
    store.metrics.insert(origin.runId, metrics);
    store.checkpoints.insert(origin.runId, step, path, bytes.length);
    store.events.add(
      "run-checkpointed",
      origin.runId,
      `${origin.runId}: checkpoint at step ${step}`,
    );
    const surplus = store.checkpoints.list(origin.runId).slice(KEPT_CHECKPOINTS);
    for (const checkpoint of surplus) store.checkpoints.delete(origin.runId, checkpoint.step);
    return surplus;
  });
  for (const checkpoint of old) rmSync(checkpoint.path, { force: true });
}

/** Returns a path relative to the workspace that is free or belongs to a checkpoint of this run. */
function pathFor(store: Store, origin: CheckpointOrigin, step: number): string {
  const name = `step-${String(step).padStart(7, "0")}`;
  for (let n = 1;; n++) {
    const file = n === 1 ? `${name}.safetensors` : `${name}.${n}.safetensors`;
    const path = join("runs", origin.runId, "checkpoints", file);
    const taken = join(store.workspace, path);
    if (!existsSync(taken) || isOwn(taken, origin.runId, origin.createdAt)) return path;
  }
}

/** Whether a file is a checkpoint of this run, not of a run with the same id in another store. */
function isOwn(path: string, runId: string, createdAt: string): boolean {
  try {
    return isCheckpointOf(Deno.readFileSync(path), runId, createdAt);
  } catch {
    return false;
  }
}

/**
 * Returns the newest intact checkpoint, or null if the run has no checkpoints. Damaged newer ones are recorded
 * as events.
 *
 * @throws {UserError} If the run has checkpoints and all of them are damaged.
 */
export function newestState(
  store: Store,
  run: Run,
  specs: readonly ParameterSpec[],
): TrainingState | null {
  return newestIntact(store, run, (bytes) => decodeCheckpoint(bytes, specs));
}

/**
 * The averaged weights of the newest checkpoint that is intact.
 *
 * @throws {UserError} If the run has no checkpoint, or none of them is intact.
 */
export function newestWeights(
  store: Store,
  run: Run,
  { parameters }: Pick<Subject, "parameters">,
): { step: number; ema: Parameters } {
  const newest = newestIntact(store, run, (bytes) => decodeWeights(bytes, parameters));
  if (newest) return newest;
  throw new UserError(
    `${run.id} has no checkpoint to sample from yet: the first is due at step ${
      Math.min(run.config.checkpoint_every, run.steps)
    }, it is ${run.status} at step ${run.step}`,
  );
}

/** The characters that a pretrained network writes; undefined for other runs, and for images. */
export function publishedVocabulary(store: Store, { id }: Run): string | undefined {
  const [checkpoint] = isPretrained(id) ? store.checkpoints.list(id) : [];
  return checkpoint && vocabularyIn(Deno.readFileSync(checkpoint.path));
}

function newestIntact<Content extends object>(
  store: Store,
  run: Run,
  decode: (bytes: Uint8Array) => Content,
): Content | null {
  for (let attempt = 1;; attempt++) {
    const listed = store.checkpoints.list(run.id);
    const unreadable: { step: number; reason: string }[] = [];
    for (const checkpoint of listed) {
      try {
        const content = decode(Deno.readFileSync(checkpoint.path));
        if (unreadable.length > 0) noteDamage(store, run, unreadable, checkpoint.step);
        return content;
      } catch (error) {
        const { step, path } = checkpoint;
        // The training worker may delete an old checkpoint between listing and reading.
        if (!store.checkpoints.list(run.id).some((other) => other.step === step)) continue;
        unreadable.push({ step, reason: `${path}: ${(error as Error).message}` });
      }
    }
    if (listed.length === 0 || (unreadable.length === 0 && attempt === ATTEMPTS)) return null;
    if (unreadable.length === 0) continue;
    throw new UserError(
      `No checkpoint of ${run.id} can be read: ${
        unreadable.map(({ reason }) => reason).join("; ")
      }. ` +
        "Put back a copy of one under the same name if you have it; otherwise its training is lost: " +
        "train a new run with the same preset, overrides and seed, which on the same device gives the same result",
    );
  }
}

function noteDamage(
  store: Store,
  run: Run,
  unreadable: readonly { step: number; reason: string }[],
  used: number,
): void {
  const steps = unreadable.map(({ step }) => step).join(" and ");
  const reasons = unreadable.map(({ reason }) => reason).join("; ");
  store.events.addOnce(
    "checkpoint-damaged",
    run.id,
    `The checkpoint of ${run.id} at step ${steps} is damaged (${reasons}): ` +
      `the newest intact one, of step ${used}, was used instead`,
  );
}

/**
 * Resets a run to a step: everything recorded after it is deleted, because training will record it again.
 * Checkpoints of this run without a row, and temporary files, which a killed process may have left, are
 * deleted as well. No other files are changed.
 */
export function rewind(store: Store, run: Run, workerId: number, step: number): void {
  const gone = store.transaction(() => {
    store.runs.setStep(run.id, workerId, step);
    store.metrics.deleteAfter(run.id, step);
    store.texts.deleteMadeAfter(run.id, step);
    store.evaluations.deleteMadeAfter(run.id, step);
    const samples = store.samples.list(run.id)
      .filter((sample) => sample.step > step && sample.settings.made_by === "training");
    for (const sample of samples) store.samples.delete(sample.id);
    const checkpoints = store.checkpoints.list(run.id).filter((other) => other.step > step);
    for (const checkpoint of checkpoints) store.checkpoints.delete(run.id, checkpoint.step);
    return { samples, checkpoints };
  });
  for (const { path } of gone.checkpoints) rmSync(path, { force: true });
  const folder = join(store.workspace, "runs", run.id);
  const checkpoints = join(folder, "checkpoints");
  const known = new Set(store.checkpoints.list(run.id).map(({ path }) => path));
  deleteUnwanted(checkpoints, (name) => {
    // Only the worker that has claimed the run writes here.
    if (isTemporary(name)) return !name.startsWith(".step-");
    const path = join(checkpoints, name);
    return !CHECKPOINT_FILE.test(name) || known.has(path) || !isOwn(path, run.id, run.createdAt);
  });
  // Pictures rendered from a sample are stored beside it under its id.
  const goneIds = gone.samples.map(({ id }) => `${id}.`);
  deleteUnwanted(
    join(folder, "samples"),
    (name) => !isAbandoned(name) && !goneIds.some((id) => name.startsWith(id)),
  );
}

/** Returns a key that identifies the content of the newest checkpoint. */
export function newestCheckpointKey(store: Store, run: Run): string {
  const [newest] = store.checkpoints.list(run.id);
  if (!newest) return `${run.id} without a checkpoint`;
  const file = statSync(newest.path, { throwIfNoEntry: false });
  return [run.id, run.configHash, newest.step, newest.createdAt, file?.size, file?.mtimeMs]
    .join(" ");
}

/**
 * The state that a run's training begins with.
 *
 * @throws {UserError} If the checkpoint that it begins with is gone, or does not fit.
 */
export function startingState(store: Store, { config }: Run, subject: Subject): TrainingState {
  const start = startOf(config);
  if (start === null) return initialState(subject.parameters, config.seed);
  const source = store.runs.byId(start.run);
  const checkpoint = store.checkpoints.list(start.run).find(({ step }) => step === start.step);
  if (source === null || checkpoint === undefined) {
    throw new UserError(`The checkpoint ${config.start_from}, which this run starts from, is gone`);
  }
  requireSuitingData(source, config, subject);
  return readState(checkpoint.path, config, subject);
}

function readState(
  path: string,
  { start_from, start_with }: RunConfig,
  { parameters }: Subject,
): TrainingState {
  try {
    const bytes = Deno.readFileSync(path);
    return start_with === "weights"
      ? stateFrom(decodeWeights(bytes, parameters).ema)
      : { ...decodeCheckpoint(bytes, parameters), window: EMPTY_WINDOW };
  } catch (error) {
    throw new UserError(`This run cannot start from ${start_from}: ${(error as Error).message}`);
  }
}

/** A training goes on with its data only; weights may see other data where they mean the same there. */
function requireSuitingData(source: Run, config: RunConfig, subject: Subject): void {
  if (source.datasetHash === subject.data.hash) return;
  if (config.start_with === "weights" && subject.takesOtherWeights) return;
  throw new UserError(
    `This run cannot start from ${config.start_from}, which was trained on other data ` +
      `(${source.config.dataset}): ${
        subject.takesOtherWeights ? 'give start_with "weights"' : "take the same data"
      }`,
  );
}

/**
 * Waits until the data set of a run is loaded, to sample or evaluate the run.
 *
 * @throws {UserError} If it is not available. Loaders advise another data set, which a run cannot take any more, so
 * that is said as well.
 */
export async function loadedFor<Data>(
  { id, config: { dataset } }: Pick<Run, "id" | "config">,
  loading: Promise<Data>,
): Promise<Data> {
  try {
    return await loading;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `${error.message}. No other data set will do for ${id}, which was trained on ${dataset}: bring ` +
        "that to this machine, or name a run on another data set",
    );
  }
}

/** @throws {UserError} If the data differs from that of the start of the run. */
export function requireSameData(
  run: Pick<Run, "id" | "datasetHash">,
  data: { readonly name: string; readonly hash: string },
): void {
  if (run.datasetHash === null || run.datasetHash === data.hash) return;
  throw new UserError(
    `${run.id} began on other data: ${data.name} hashes to ${data.hash.slice(0, 12)} now and ` +
      `to ${run.datasetHash.slice(0, 12)} then; put the old files back, or train a new run`,
  );
}
