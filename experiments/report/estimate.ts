/** What a training will take, by what earlier ones took, and what was run before in its configuration. */
import { modalityOf } from "../registry/modalities.ts";
import { startOf } from "../run/own_data.ts";
import type { Run, RunFilter } from "../store/run.ts";
import { summarise } from "./seeds.ts";
import { configHash, groupHash } from "../config/configuration.ts";
import type { RunConfig } from "../config/fields.ts";

/** What is expected of one configuration, whatever its seeds. */
export interface ConfigEstimate {
  readonly configs: readonly RunConfig[];
  /** Seconds of one of its runs; null where nothing like it was trained on the device. */
  readonly seconds: number | null;
  /** Runs whose speed that is reckoned by. */
  readonly by: readonly string[];
  /** Bytes of the checkpoints that one of its runs keeps; null where no run has such a network. */
  readonly bytes: number | null;
  /** Runs with one of these configurations and seeds: on the same device, they would be repeated. */
  readonly repeated: readonly Run[];
  /** Runs of the configuration with other seeds. */
  readonly otherSeeds: readonly Run[];
}

export interface TrainingEstimate {
  readonly parts: readonly ConfigEstimate[];
  readonly runs: number;
  /** Of all runs; null where it is not known of each. */
  readonly seconds: number | null;
  readonly bytes: number | null;
  /** Runs that wait or are being trained, which come first. */
  readonly waiting: readonly Run[];
}

/** What an estimate looks up. */
export interface Records {
  /** Newest first. */
  runs(filter: RunFilter): Run[];
  /** Bytes of a run's checkpoints. */
  checkpointBytes(runId: string): number[];
}

/** Newest runs of a kind that are measured by. */
const MEASURED = 10;
/** Checkpoints that a run keeps. */
const KEPT = 2;

/**
 * @param configs Of all runs that would be started.
 * @param device The device that was asked for; without one, that of the newest run that is alike.
 */
export function estimateTraining(
  configs: readonly RunConfig[],
  records: Records,
  device: string | undefined,
): TrainingEstimate {
  const parts = [...Map.groupBy(configs, groupHash).values()]
    .map((group) => estimateOf(group, records, device));
  const total = (value: (part: ConfigEstimate) => number | null) =>
    parts.reduce<number | null>((sum, part) => {
      const one = value(part);
      return sum === null || one === null ? null : sum + one * part.configs.length;
    }, 0);
  return {
    parts,
    runs: configs.length,
    seconds: total(({ seconds }) => seconds),
    bytes: total(({ bytes }) => bytes),
    waiting: [...records.runs({ status: "running" }), ...records.runs({ status: "queued" })],
  };
}

function estimateOf(
  configs: readonly RunConfig[],
  records: Records,
  device: string | undefined,
): ConfigEstimate {
  const [config] = configs;
  const hashes = configs.map(configHash);
  const group = records.runs({ groupHash: groupHash(config!) });
  const alike = measuredLike(config!, records, device);
  const times = alike.map((run) => secondsBy(run, config!));
  const sizes = records.runs({ where: valuesOf(config!, networkFields(config!)) })
    .map(({ id }) => records.checkpointBytes(id)[0]).filter((bytes) => bytes !== undefined);
  return {
    configs,
    seconds: summarise(times)?.mean ?? null,
    by: alike.map(({ id }) => id),
    bytes: sizes[0] === undefined ? null : KEPT * sizes[0],
    repeated: group.filter((run) => hashes.includes(run.configHash)),
    otherSeeds: group.filter((run) => !hashes.includes(run.configHash)),
  };
}

/** Fields on which the network, and so the size of a checkpoint, depends. */
function networkFields(config: RunConfig): string[] {
  return ["modality", ...modalityOf({ config }).networkFields];
}

/** The newest runs on one device whose steps cost the same, else whose examples do. */
function measuredLike(config: RunConfig, records: Records, device: string | undefined): Run[] {
  const network = networkFields(config);
  const speed = [...network, "batch_size", ...modalityOf({ config }).speedFields];
  for (const fields of [speed, network]) {
    const found = records.runs({ where: valuesOf(config, fields) })
      .filter(({ latest }) => (latest.examples_per_second ?? 0) > 0);
    const on = device === undefined || device === "auto" ? found[0]?.device : device;
    const alike = found.filter((run) => run.device === on).slice(0, MEASURED);
    if (alike.length > 0) return alike;
  }
  return [];
}

/**
 * The seconds that a configuration takes by the speed of a run: of its steps, and in proportion of what
 * that run did beside its steps.
 */
function secondsBy(run: Run, config: RunConfig): number {
  const speed = run.latest.examples_per_second!;
  const stepping = (steps: number, batch: number) => steps * batch / speed;
  const own = stepping(stepsOf(run.config), run.config.batch_size);
  const wall = run.status === "finished" && run.startedAt !== null && run.endedAt !== null
    ? (Date.parse(run.endedAt) - Date.parse(run.startedAt)) / 1000
    : own;
  return stepping(stepsOf(config), config.batch_size) * Math.max(1, wall / own);
}

/** The steps that a run does itself. */
function stepsOf(config: RunConfig): number {
  const before = config.start_with === "training" ? startOf(config)?.step ?? 0 : 0;
  return Math.max(1, config.steps - before);
}

function valuesOf(config: RunConfig, fields: readonly string[]): Record<string, string | number> {
  return Object.fromEntries(Object.entries(config).filter(([field]) => fields.includes(field)));
}
