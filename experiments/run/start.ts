/** The data of a run as it was, and the checkpoint that its training starts from. */
import { UserError } from "../../engine/host/mod.ts";
import { hasEnded, type Run } from "../store/run.ts";
import type { RunConfig } from "../config/fields.ts";

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

/** The run and the step that `start_from` names. */
export interface Start {
  readonly run: string;
  /** Undefined for its newest checkpoint. */
  readonly step: number | undefined;
}

/** @returns null where training begins with random weights. */
export function startOf({ start_from }: Pick<RunConfig, "start_from">): Start | null {
  if (start_from === "" || start_from === undefined) return null;
  const [, run, step] = /^(.*?)(?:@(\d+))?$/.exec(start_from)!;
  return { run: run!, step: step === undefined ? undefined : Number(step) };
}

/**
 * The configuration with its start written out, as a run and a step.
 *
 * @param find Finds the run that a reference means.
 * @throws {UserError} If that run cannot be started from.
 */
export function withFoundStart(config: RunConfig, find: (ref: string) => Run): RunConfig {
  const start = startOf(config);
  if (start === null) return config;
  const run = find(start.run);
  const { checkpointStep: step } = run;
  if (!hasEnded(run)) {
    throw new UserError(`start_from is ${run.id}, which is ${run.status}: wait for its end first`);
  }
  if (step === null || (start.step !== undefined && start.step !== step)) {
    throw new UserError(
      `start_from is ${config.start_from}, but ${
        step === null
          ? "it has no checkpoint"
          : `the newest checkpoint of ${run.id} is of step ${step}`
      }: name ${step === null ? "another run" : `${run.id}@${step}`}`,
    );
  }
  if (run.config.modality !== config.modality) {
    throw new UserError(
      `start_from is ${run.id}, a run on ${run.config.modality}, but this one is on ` +
        `${config.modality}: name a run of the same kind`,
    );
  }
  if (config.start_with === "training" && config.steps <= step) {
    throw new UserError(
      `steps is ${config.steps}, but ${run.id} has done ${step} already: give more steps`,
    );
  }
  return { ...config, start_from: `${run.id}@${step}` };
}
