/**
 * Validating, completing and hashing configurations, those of presets, overrides and grids, and what configurations
 * and the store need to know of each modality. This folder names no modality: `registry/modalities.ts` provides them
 * when it is loaded, which every entry file of the program does.
 */
import { z } from "zod";
import {
  didYouMean,
  parseWith,
  RefusedValue,
  UserError,
  withoutUndefined,
} from "../../engine/host/mod.ts";
import { type FieldFacts, fieldsWith, type RunConfig } from "./fields.ts";
import { createHash } from "node:crypto";

/** A complete configuration with a description. */
export interface Preset {
  readonly description: string;
  /** Speed of its training on two processor cores, about. */
  readonly examplesPerSecond: number;
  readonly config: RunConfig;
}

/** A metric of runs, and what determines where it is shown and compared. */
export interface Metric {
  readonly title: string;
  /** Configuration fields in which runs must agree for its values to be comparable, or those of the objective. */
  readonly dependsOn?: "objective" | readonly string[];
  /** Whether comparisons of runs align its curves, beside those of the ranking metric. */
  readonly compared?: true;
  /** Whether it spans several orders of magnitude. */
  readonly logarithmic?: true;
  /** Whether each value is that of a few batches, so that its curves are smoothed. */
  readonly noisy?: true;
}

/** The part of a modality that describes its configurations and metrics. */
export interface ModalityConfig {
  /** Value of the field `modality` of its configurations, and beginning of the ids of its runs. */
  readonly name: string;
  /** In a sentence: "a run on …". */
  readonly title: string;
  /** The schema of its configurations: a strict object with {@link RunConfig}'s fields and its own. */
  readonly config: z.ZodObject;
  /** Fields that were added later, with the values that reproduce the earlier behaviour; old files lack
   * them. */
  readonly laterFields: Readonly<Record<string, string | number>>;
  /** @throws {UserError} If fields of a configuration contradict each other. */
  requireConsistent(config: RunConfig): void;
  readonly presets: Readonly<Record<string, Preset>>;
  /** Its own metrics, in the order of tables. */
  readonly metrics: Readonly<Record<string, Metric>>;
}

let provided: readonly ModalityConfig[] = [];

/** Makes the modalities known; the first one is that of configurations that name none. */
export function provideModalities(modalities: readonly ModalityConfig[]): void {
  provided = modalities;
}

/** Returns all modalities in the order of the registry. */
export function knownModalities(): readonly ModalityConfig[] {
  if (provided.length === 0) {
    throw new Error("Internal: no modality is known, import experiments/registry/modalities.ts");
  }
  return provided;
}

/** Returns a function that returns the configuration of a run, and throws a {@link UserError} for another modality. */
export function configReader<Config extends { readonly modality: string }>(
  name: Config["modality"],
  title: string,
) {
  return (
    { id, config }: { readonly id: string; readonly config: { readonly modality: string } },
  ): Config => {
    if (config.modality === name) return config as Config;
    throw new UserError(`${id} is not a run on ${title}: its modality is ${config.modality}`);
  };
}

/** Returns the names of the configuration fields of all modalities with a fact. */
export function namesOfFieldsWith(fact: keyof FieldFacts): string[] {
  const names = knownModalities().flatMap(({ config }) => Object.keys(fieldsWith(config, fact)));
  return [...new Set(names)];
}

/** Returns the modality of a name, by default the first one. */
function modalityConfig(name: unknown): ModalityConfig {
  const known = knownModalities();
  return known.find((modality) => modality.name === name) ?? known[0]!;
}

/** Returns a preset. @throws {UserError} If the name is unknown. */
export function presetNamed(name: string): Preset {
  const owner = knownModalities().find(({ presets }) => Object.hasOwn(presets, name));
  if (owner) return owner.presets[name]!;
  const names = knownModalities().flatMap(({ presets }) => Object.keys(presets));
  throw new UserError(
    `There is no preset ${JSON.stringify(name)}: the presets are ${names.join(", ")}`,
  );
}

/**
 * @param where Describes the origin of the name.
 * @throws {UserError} If no configuration has this field, or none with this value.
 */
export function requireConfigField(name: string, where: string, value?: string | number): void {
  const shapes = knownModalities().map(({ config }) => config.shape);
  const schemas = shapes.flatMap((shape) =>
    Object.hasOwn(shape, name) ? [shape[name] as z.ZodType] : []
  );
  if (schemas.length === 0) {
    throw new UserError(
      `${where} names a field ${JSON.stringify(name)} that no configuration has` +
        didYouMean(name, shapes.flatMap((shape) => Object.keys(shape))),
    );
  }
  if (value !== undefined) parseWith(z.object({ [name]: z.union(schemas) }), { [name]: value });
}

/**
 * Validates a configuration.
 *
 * @throws {UserError} If fields are invalid; the message has their names, values and allowed ranges.
 */
export function parseConfig(stated: Readonly<Record<string, unknown>>): RunConfig {
  const fields = withoutUndefined(stated);
  const modality = modalityConfig(fields.modality);
  requireOwnFields(fields, modality);
  const config = parseWith(modality.config, { ...modality.laterFields, ...fields }) as RunConfig;
  const { warmup_steps, steps } = config;
  if (warmup_steps > steps) {
    throw new UserError(
      `warmup_steps is ${warmup_steps}, more than the ${steps} steps of the run: lower it or raise steps`,
    );
  }
  if (config.start_with === "training" && config.start_from === "") {
    throw new UserError(
      'start_with is "training", but start_from names no run: name one, or leave start_with out',
    );
  }
  modality.requireConsistent(config);
  return config;
}

/** @throws {UserError} If a field belongs to another modality. */
function requireOwnFields(
  fields: Readonly<Record<string, unknown>>,
  modality: ModalityConfig,
): void {
  for (const field of Object.keys(fields)) {
    if (Object.hasOwn(modality.config.shape, field)) continue;
    const other = knownModalities().find(({ config }) => Object.hasOwn(config.shape, field));
    if (other === undefined) continue;
    throw new UserError(
      `${field} is a field of runs on ${other.title}, and this one is on ${modality.title}: ` +
        `leave it out, or take a preset of ${other.title}`,
    );
  }
}

/** A configuration as it was stored, with the fields that came later at its end. */
export function withLaterFields(stored: RunConfig): RunConfig {
  return { ...stored, ...modalityConfig(stored.modality).laterFields, ...stored };
}

/**
 * A short name for a configuration: the first 12 hex digits of the SHA-256 of its sorted JSON. It omits later fields
 * with their default, so that the hash of an old configuration does not change.
 */
export function configHash(config: Partial<RunConfig>): string {
  const later = modalityConfig(config.modality).laterFields;
  const kept = Object.entries(config)
    .filter(([field, value]) => later[field] !== value)
    .map(([field]) => field);
  const sorted = JSON.stringify(config, kept.sort());
  return createHash("sha256").update(sorted).digest("hex").slice(0, 12);
}

/** As {@link configHash} without seed and recording intervals: equal for runs that repeat an experiment with
 * different seeds. */
export function groupHash(config: RunConfig): string {
  const recording = fieldsWith(modalityConfig(config.modality).config, "recording");
  const kept = Object.entries(config).filter(([field]) =>
    field !== "seed" && !(field in recording)
  );
  return configHash(Object.fromEntries(kept));
}

/** Returns the fields of which configurations have several values; lacking a field counts as one. */
export function differingFields(configs: readonly RunConfig[]): string[] {
  const fields = [...new Set(configs.flatMap((config) => Object.keys(config)))];
  const values = (field: string) => new Set(configs.map((config) => Reflect.get(config, field)));
  return fields.filter((field) => values(field).size > 1);
}

/** Largest number of runs that one sweep may queue. */
export const MAX_SWEEP_RUNS = 64;

/** Values that replace those of a preset; the schema of its modality says which fields exist. */
export type ConfigOverrides = Readonly<Record<string, string | number | undefined>>;

/** Lists of values of which a sweep runs every combination. */
export type ConfigGrid = Readonly<Record<string, readonly (string | number)[] | undefined>>;

/**
 * Returns the configuration of a preset with some values replaced.
 *
 * The warm-up of the preset is limited to a fifth of the steps, unless `warmup_steps` is overridden.
 *
 * @throws {UserError} If the preset or a field is unknown, or a value is out of its range.
 */
export function resolveConfig(
  preset: string,
  overrides: Readonly<Record<string, unknown>> = {},
): RunConfig {
  const base = presetNamed(preset);
  const changes = withoutUndefined(overrides);
  const { warmup_steps, steps } = base.config;
  const length = typeof changes.steps === "number" && changes.steps >= 1 ? changes.steps : steps;
  const fifth = Math.floor(length / 5);
  return parseConfig({ ...base.config, warmup_steps: Math.min(warmup_steps, fifth), ...changes });
}

/**
 * Returns the configurations of all combinations of the values of a grid and the seeds. The last field varies
 * fastest, and the seed fastest of all.
 *
 * @throws {UserError} As {@link resolveConfig} does, and for repeated values, or more than {@link MAX_SWEEP_RUNS} runs.
 */
export function expandGrid(
  preset: string,
  overrides: Readonly<Record<string, unknown>> = {},
  grid: ConfigGrid = {},
  seeds?: readonly number[],
): RunConfig[] {
  const axes = Object.entries(withoutUndefined(grid));
  if (seeds !== undefined) {
    if (axes.some(([field]) => field === "seed")) {
      throw new RefusedValue((name) =>
        `Give the seeds either in ${name("seeds")} or in ${name("grid", "seed")}, not in both`
      );
    }
    axes.push(["seed", seeds]);
  }
  let combinations = [overrides];
  for (const [field, values] of axes) {
    checkAxis(field, values, overrides);
    combinations = combinations.flatMap((c) => values.map((v) => ({ ...c, [field]: v })));
    if (combinations.length > MAX_SWEEP_RUNS) {
      throw new RefusedValue((name) => {
        const lists = axes.map(([field]) =>
          field === "seed" && seeds ? name("seeds") : name("grid", field)
        );
        return `The sweep has more than ${MAX_SWEEP_RUNS} runs: shorten the lists of ` +
          lists.join(", ");
      });
    }
  }
  return combinations.map((combination) => resolveConfig(preset, combination));
}

function checkAxis(
  field: string,
  values: readonly (string | number)[],
  overrides: Readonly<Record<string, unknown>>,
): void {
  if (new Set(values).size !== values.length) {
    throw new RefusedValue((name) =>
      `${name("grid", field)} names a value twice: ${JSON.stringify(values)}`
    );
  }
  if (overrides[field] !== undefined) {
    throw new RefusedValue((name) =>
      `${field} is given both as ${name("overrides", field)} and as ${name("grid", field)}: ` +
      "leave it in one of them"
    );
  }
}
