/** Where the training of a run begins: at random weights, or at a checkpoint of another run. */
import { UserError } from "../../engine/host/mod.ts";
import { startOf } from "./own_data.ts";
import type { Run } from "../store/run.ts";
import type { Store } from "../store/store.ts";
import {
  decodeCheckpoint,
  decodeWeights,
  EMPTY_WINDOW,
  initialState,
  type TrainingState,
  warmState,
} from "./state.ts";
import type { Subject } from "./modality.ts";
import type { RunConfig } from "../config/fields.ts";

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
      ? warmState(decodeWeights(bytes, parameters).ema)
      : { ...decodeCheckpoint(bytes, parameters).state, window: EMPTY_WINDOW };
  } catch (error) {
    throw new UserError(
      `This run cannot start from ${start_from}: ${(error as Error).message}. Give the fields of ` +
        "the network (network, size and the like) the values that run has",
    );
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
