import { configHash, resolveConfig, type Run } from "../../experiments/mod.ts";
import type { Store } from "../../experiments/store/store.ts";
import { type ImageOverrides, shortConfig } from "../experiments/workspace.ts";
import { groupHash } from "../../experiments/config/configuration.ts";

/** A finished run with the given overrides and denoising error, as the store would give it. */
export function finishedRun(
  id: string,
  overrides: ImageOverrides,
  denoisingMse: number | undefined,
  others: Partial<Run> = {},
): Run {
  const config = resolveConfig("mnist-tiny", overrides);
  return {
    id,
    status: "finished",
    stopRequested: false,
    activity: null,
    config,
    configHash: configHash(config),
    groupHash: groupHash(config),
    codeVersion: "abc1234",
    datasetHash: "ba891046e6505d7aadcb",
    device: "cpu",
    deviceChoice: null,
    requestedDevice: null,
    dataDirectory: null,
    parameterCount: 50_000,
    replicas: 2,
    baseline: 0.37,
    pictures: null,
    sweepId: "sweep-0001",
    label: null,
    step: config.steps,
    steps: config.steps,
    checkpointStep: config.steps,
    createdAt: "2026-11-01T10:00:00.000Z",
    startedAt: "2026-11-01T10:00:01.000Z",
    endedAt: "2026-11-01T10:00:31.000Z",
    trainedSeconds: 30,
    error: null,
    etaSeconds: null,
    latest: denoisingMse === undefined ? {} : { denoising_mse: denoisingMse, loss: 0.2 },
    ...others,
  };
}

/** A sweep over the seeds 50, 51, … that ended with these errors; null stands for a run that was
 * stopped. Returns the runs' ids. */
export function endedSweep(
  store: Store,
  schedule: NonNullable<ImageOverrides["schedule"]>,
  errors: readonly (number | null)[],
): string[] {
  const { ids } = store.runs.insert({
    configs: errors.map((_, i) => shortConfig({ schedule, seed: 50 + i })),
    codeVersion: "test",
    label: null,
    sweep: {},
  });
  const workerId = store.workers.insert();
  ids.forEach((id, i) => {
    const value = errors[i] ?? null;
    store.runs.claim(workerId, "test");
    if (value !== null) store.metrics.insert(id, [{ name: "denoising_mse", step: 12, value }]);
    store.runs.end(id, workerId, value === null ? "stopped" : "finished", null);
  });
  store.workers.end(workerId, "ended");
  return ids;
}
