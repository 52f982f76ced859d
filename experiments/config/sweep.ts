/** Configurations from presets, overrides and grids. */
import { RefusedValue } from "../../engine/host/mod.ts";
import { parseConfig, presetNamed, record } from "./configuration.ts";
import type { RunConfig } from "./fields.ts";

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
export function resolveConfig(preset: string, overrides: unknown = {}): RunConfig {
  const base = presetNamed(preset);
  const changes = record(overrides, "overrides");
  const { warmup_steps, steps } = base.config;
  const length = typeof changes.steps === "number" && changes.steps >= 1 ? changes.steps : steps;
  const fifth = Math.floor(length / 5);
  return parseConfig({ ...base.config, warmup_steps: Math.min(warmup_steps, fifth), ...changes });
}

/**
 * Returns the configurations of all combinations of the values of a grid and the seeds. The last field varies
 * fastest, and the seed fastest of all.
 *
 * @throws {UserError} As {@link resolveConfig} does, and for empty lists, repeated values, or more
 * than {@link MAX_SWEEP_RUNS} runs.
 */
export function expandGrid(
  preset: string,
  overrides: unknown = {},
  grid: unknown = {},
  seeds?: readonly number[],
): RunConfig[] {
  const fixed = record(overrides, "overrides");
  const axes = Object.entries(record(grid, "grid"));
  if (seeds !== undefined) {
    if (axes.some(([field]) => field === "seed")) {
      throw new RefusedValue((name) =>
        `Give the seeds either in ${name("seeds")} or in ${name("grid", "seed")}, not in both`
      );
    }
    axes.push(["seed", seeds]);
  }
  let combinations: Record<string, unknown>[] = [fixed];
  for (const [field, values] of axes) {
    checkAxis(field, values, fixed);
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
  values: unknown,
  fixed: Record<string, unknown>,
): asserts values is unknown[] {
  if (!Array.isArray(values) || values.length === 0) {
    throw new RefusedValue((name) => `${name("grid", field)} must be a list of at least one value`);
  }
  if (new Set(values).size !== values.length) {
    throw new RefusedValue((name) =>
      `${name("grid", field)} names a value twice: ${JSON.stringify(values)}`
    );
  }
  if (field in fixed) {
    throw new RefusedValue((name) =>
      `${field} is given both as ${name("overrides", field)} and as ${name("grid", field)}: ` +
      "leave it in one of them"
    );
  }
}
