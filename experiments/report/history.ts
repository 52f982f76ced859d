/** What earlier runs tell: the time and disk space of a training, and the settings that were varied. */
import { metricOf, modalityOf, scoreOf } from "../registry/modalities.ts";
import { startOf } from "../run/own_data.ts";
import type { Evaluation } from "../store/results.ts";
import type { Run, RunFilter, RunStatus } from "../store/run.ts";
import { summarise } from "./seeds.ts";
import {
  configHash,
  differingFields,
  groupHash,
  tellingFields,
  withLaterFields,
} from "../config/configuration.ts";
import { RECORDING, type RunConfig } from "../config/fields.ts";
import type { MetricName } from "../store/metrics.ts";

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

/** A training step costs about three times what the network alone does: forward, and back twice. */
export const PASSES_OF_A_STEP = 3;

/** How long an evaluation takes, and the evaluation or run by whose speed. */
export interface EvaluationEstimate {
  readonly seconds: number;
  readonly by: string;
}

/**
 * @param examples Examples that the network processes; see `Modality.evaluatedExamples`.
 * @param earlier Evaluations of the run, with the examples of each.
 * @returns The estimate by the newest evaluation, else by the speed of training; null where neither is known.
 */
export function estimateEvaluation(
  { id, latest }: Run,
  examples: number,
  earlier: readonly (readonly [evaluation: Evaluation, examples: number])[],
): EvaluationEstimate | null {
  const newest = earlier.findLast(([, done]) => done > 0);
  if (newest) {
    const [{ id, samplingSeconds, measuringSeconds }, done] = newest;
    return { seconds: (samplingSeconds + measuringSeconds) * examples / done, by: id };
  }
  const speed = latest.examples_per_second ?? 0;
  if (speed <= 0) return null;
  return { seconds: examples / (PASSES_OF_A_STEP * speed), by: `the training of ${id}` };
}

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

/** A configuration, and the number of its runs. */
export interface Tried {
  readonly config: RunConfig;
  readonly runs: number;
}

/** The settings of all runs of one modality. */
export interface Variation {
  readonly modality: RunConfig["modality"];
  readonly runs: number;
  /** Configurations, apart from seeds and recording intervals. */
  readonly configurations: number;
  /** Fields with several values, those with the most values first; of each the commonest value first. */
  readonly varied: readonly {
    readonly field: string;
    readonly values: readonly { readonly value: string | number; readonly runs: number }[];
  }[];
  /** Fields that have one value in all runs. */
  readonly neverVaried: Readonly<Record<string, string | number>>;
}

/** Fields that say nothing of what was tried. */
const IGNORED: readonly string[] = ["modality", "seed", ...RECORDING];

/** One for each modality that has runs, the one with the most runs first. */
export function variationsOf(tried: readonly Tried[]): Variation[] {
  return [...Map.groupBy(tried, ({ config }) => config.modality)]
    .map(([modality, of]) => variationOf(modality, of))
    .sort((a, b) => b.runs - a.runs);
}

function variationOf(modality: RunConfig["modality"], tried: readonly Tried[]): Variation {
  const counts = new Map<string, Map<string | number, number>>();
  for (const { config, runs } of tried) {
    for (const [field, value] of tellingFields(withLaterFields(config))) {
      if (IGNORED.includes(field)) continue;
      const values = counts.get(field) ?? new Map<string | number, number>();
      counts.set(field, values.set(value, (values.get(value) ?? 0) + runs));
    }
  }
  const fields = [...counts];
  return {
    modality,
    runs: tried.reduce((sum, { runs }) => sum + runs, 0),
    configurations: tried.length,
    varied: fields.filter(([, values]) => values.size > 1)
      .sort(([, a], [, b]) => b.size - a.size)
      .map(([field, values]) => ({
        field,
        values: [...values].map(([value, runs]) => ({ value, runs }))
          .sort((a, b) => b.runs - a.runs),
      })),
    neverVaried: Object.fromEntries(
      fields.filter(([, values]) => values.size === 1)
        .map(([field, values]) => [field, [...values.keys()][0]!]),
    ),
  };
}

/** A sweep in short. */
export interface SweepSummary {
  readonly id: string;
  readonly createdAt: string;
  readonly label: string | null;
  /** How many of its runs have each status. */
  readonly statuses: Readonly<Partial<Record<RunStatus, number>>>;
  readonly runs: number;
  readonly dataset: string;
  /** Fields with several values, and those; the seeds among them. */
  readonly varied: Readonly<Record<string, readonly (string | number)[]>>;
  readonly metric: MetricName;
  /** The run with the lowest value of the metric; null before the first validation. */
  readonly best: { readonly run: string; readonly value: number } | null;
}

/** @param runs All runs of one sweep, of which there is at least one. */
export function sweepSummary(id: string, runs: readonly Run[]): SweepSummary {
  const [first] = runs;
  const [best] = runs.flatMap((run) => {
    const value = scoreOf(run);
    return value === null ? [] : [{ run: run.id, value }];
  }).sort((a, b) => a.value - b.value);
  const valuesOf = (field: string) => [
    ...new Set(runs.map(({ config }) => (config as Record<string, string | number>)[field]!)),
  ];
  return {
    id,
    createdAt: first!.createdAt,
    label: first!.label,
    statuses: Object.fromEntries(
      [...Map.groupBy(runs, ({ status }) => status)].map(([status, of]) => [status, of.length]),
    ),
    runs: runs.length,
    dataset: first!.config.dataset,
    varied: Object.fromEntries(
      differingFields(runs.map(({ config }) => config)).map((field) => [field, valuesOf(field)]),
    ),
    metric: metricOf(first!).name,
    best: best ?? null,
  };
}
