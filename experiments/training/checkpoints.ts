/** Checkpoint files of a run, and their rows. */
import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { UserError } from "../../engine/mod.ts";
import type { ParameterSpec } from "../../models/image/mod.ts";
import { deleteUnwanted, isTemporary, writeFileAtomically } from "../files.ts";
import type { MetricRow, Store } from "../store/mod.ts";
import type { Checkpoint, Run } from "../types.ts";
import {
  type CheckpointOrigin,
  decodeCheckpoint,
  encodeCheckpoint,
  type TrainingState,
} from "./state.ts";

/** Newest checkpoints that are kept; the last one is that of the run's end. */
const KEPT = 2;

/**
 * Writes a checkpoint, then its row together with the metrics up to it: the store never knows of a
 * checkpoint that is not there, nor lacks a metric from before it.
 */
export function saveCheckpoint(
  store: Store,
  state: TrainingState,
  origin: CheckpointOrigin,
  workerId: number,
  metrics: readonly MetricRow[],
): void {
  const { step } = state;
  const name = `step-${String(step).padStart(7, "0")}.safetensors`;
  const path = join("runs", origin.runId, "checkpoints", name);
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
    const surplus = store.checkpoints.list(origin.runId).slice(KEPT);
    for (const checkpoint of surplus) store.checkpoints.delete(origin.runId, checkpoint.step);
    return surplus;
  });
  for (const checkpoint of old) rmSync(checkpoint.path, { force: true });
}

/** The newest checkpoint that can be read, or null if the run has none. */
export function newestState(
  store: Store,
  run: Run,
  specs: readonly ParameterSpec[],
): { state: TrainingState; metadata: Record<string, string>; checkpoint: Checkpoint } | null {
  const checkpoints = store.checkpoints.list(run.id);
  const troubles: string[] = [];
  for (const checkpoint of checkpoints) {
    try {
      return { ...decodeCheckpoint(Deno.readFileSync(checkpoint.path), specs), checkpoint };
    } catch (error) {
      troubles.push(`${checkpoint.path}: ${(error as Error).message}`);
    }
  }
  if (troubles.length === 0) return null;
  throw new UserError(`No checkpoint of ${run.id} can be read: ${troubles.join("; ")}`);
}

/**
 * Takes a run back to a step: what was recorded after it goes, since training from there will record
 * it again. Files that no row names, left by a process that was killed, go too.
 */
export function rewind(store: Store, run: Run, workerId: number, step: number): void {
  const gone = store.transaction(() => {
    store.runs.setStep(run.id, workerId, step);
    store.metrics.deleteAfter(run.id, step);
    store.texts.deleteWrittenAfter(run.id, step);
    store.evaluations.deleteMeasuredAfter(run.id, step);
    const samples = store.samples.list(run.id)
      .filter((sample) => sample.step > step && sample.settings.made_by === "training");
    for (const sample of samples) store.samples.delete(sample.id);
    const checkpoints = store.checkpoints.list(run.id).filter((other) => other.step > step);
    for (const checkpoint of checkpoints) store.checkpoints.delete(run.id, checkpoint.step);
    return samples.map(({ id }) => id);
  });
  const folder = join(store.workspace, "runs", run.id);
  const known = new Set(store.checkpoints.list(run.id).map(({ path }) => basename(path)));
  deleteUnwanted(join(folder, "checkpoints"), (name) => known.has(name));
  // Pictures that were drawn from a sample lie beside it under its id.
  deleteUnwanted(
    join(folder, "samples"),
    (name) => !isTemporary(name) && !gone.some((id) => name.startsWith(id)),
  );
}
