/** How long trainings and evaluations take, and how much disk space, by what earlier ones took. */
import { modalityOf, PRESET_NAMES, type PresetName, presets } from "../registry/modalities.ts";
import { type Evaluation, KEPT_CHECKPOINTS } from "../store/results.ts";
import type { Run, RunFilter } from "../store/run.ts";
import { mean } from "../common/statistics.ts";
import { configHash, groupHash } from "../config/configuration.ts";
import { fieldsWith, type RunConfig, startOf } from "../config/fields.ts";

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
    seconds: times.length === 0 ? null : mean(times),
    by: alike.map(({ id }) => id),
    bytes: sizes[0] === undefined ? null : KEPT_CHECKPOINTS * sizes[0],
    repeated: group.filter((run) => hashes.includes(run.configHash)),
    otherSeeds: group.filter((run) => !hashes.includes(run.configHash)),
  };
}

/** Fields on which the network, and so the size of a checkpoint, depends. */
function networkFields(config: RunConfig): string[] {
  return ["modality", ...namesOf(config, "network")];
}

function namesOf(config: RunConfig, fact: "network" | "speed"): string[] {
  return Object.keys(fieldsWith(modalityOf({ config }).config, fact));
}

/** The newest runs on one device whose steps cost the same, else whose examples do. */
function measuredLike(config: RunConfig, records: Records, device: string | undefined): Run[] {
  const network = networkFields(config);
  const speed = [...network, ...namesOf(config, "speed")];
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

/** Returns the time of all trainings of an estimate, also where nothing like them was trained here, and by whose speed. */
export function expectedTime(
  { parts }: TrainingEstimate,
): { readonly seconds: number; readonly by: string } {
  const seconds = parts.map((part) => part.configs.length * secondsOf(part));
  const [{ by: [run], configs: [config] }] = parts as [ConfigEstimate];
  return {
    seconds: seconds.reduce((sum, one) => sum + one, 0),
    by: run ?? `${presetLike(config!)} on two cores`,
  };
}

function secondsOf({ seconds, configs: [config] }: ConfigEstimate): number {
  return seconds ??
    config!.steps * config!.batch_size / presets[presetLike(config!)].examplesPerSecond;
}

/** Returns the first of the presets whose networks have the most in common with that of a configuration. */
function presetLike(config: RunConfig): PresetName {
  const fields = networkFields(config);
  const alike = PRESET_NAMES.map((name) => {
    const preset = presets[name].config;
    if (preset.modality !== config.modality) return 0;
    return fields.filter((field) => Reflect.get(preset, field) === Reflect.get(config, field))
      .length;
  });
  return PRESET_NAMES[alike.indexOf(Math.max(...alike))]!;
}
