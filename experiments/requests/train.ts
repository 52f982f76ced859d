/** What is asked of training: a run, a sweep, or to go on with a run. */
import { z } from "zod";
import {
  type ConfigGrid,
  type ConfigOverrides,
  configSchemas,
  MAX_SWEEP_RUNS,
  PRESET_NAMES,
  type PresetName,
  presets,
} from "../config/mod.ts";
import { runReference, seedNumber } from "./fields.ts";
import { anyVariant, type Variant, variantsOf } from "./modalities.ts";

export const DEFAULT_PRESET: PresetName = "mnist-small";

/** Every field of a configuration but the modality's name, with the modalities that have it. */
export const configFields: ReadonlyMap<string, readonly Variant[]> = new Map(
  [...variantsOf(configSchemas)].filter(([field]) => field !== "modality"),
);

/** Fields that differ from a preset; the preset's own configuration says which of them it has. */
export const Overrides = z.strictObject(
  Object.fromEntries(
    [...configFields].map(([field, variants]) => [field, override(field, variants)]),
  ),
) as unknown as z.ZodType<ConfigOverrides>;

/** Fields as lists of values. */
export const Grid = z.strictObject(
  Object.fromEntries(
    [...configFields].map(([field, variants]) => [
      field,
      z.array(anyVariant(variants)).min(1).max(MAX_SWEEP_RUNS).optional(),
    ]),
  ),
) as unknown as z.ZodType<ConfigGrid>;

export const TrainRequest = z.strictObject({
  preset: z.enum(PRESET_NAMES).optional().describe(
    `Starting point (default ${DEFAULT_PRESET}); times are on two cores. ` +
      PRESET_NAMES.map((name) => `${name}: ${presets[name].description}`).join(". "),
  ),
  overrides: Overrides.optional().describe("Configuration fields that differ from the preset"),
  grid: Grid.optional().describe(
    "Makes a sweep: for any fields of overrides a list of values, of which every combination is run, " +
      `at most ${MAX_SWEEP_RUNS} runs with the seeds, e.g. {"schedule": ["linear", "cosine"]}`,
  ),
  seeds: z.array(seedNumber).min(1).max(MAX_SWEEP_RUNS).optional().describe(
    "Runs every combination once for each seed, e.g. [0, 1, 2]; their spread tells a difference from " +
      "noise (default 0)",
  ),
  label: z.string().min(1).max(200).optional().describe(
    "A few words on what this is for, up to 200 characters; stored with the runs (default none)",
  ),
});
export type TrainRequest = z.input<typeof TrainRequest>;

/** A request to train, or to go on with a run. */
export const TrainOrResume = TrainRequest.extend({
  resume: runReference.optional().describe(
    "Instead of starting something: a stopped, interrupted or failed run goes on from its last " +
      "checkpoint, bit for bit",
  ),
});

/** The values of a field in the presets that have it, the commonest first, with their names. */
export function presetValues(
  field: string,
): { readonly value: string; readonly names: readonly string[] }[] {
  const values = PRESET_NAMES.flatMap((name) => {
    const config: Readonly<Record<string, unknown>> = presets[name].config;
    return field in config ? [{ name, value: String(config[field]) }] : [];
  });
  return [...Map.groupBy(values, ({ value }) => value)]
    .map(([value, of]) => ({ value, names: of.map(({ name }) => name) }))
    .sort((a, b) => b.names.length - a.names.length);
}

/** Described with the value that all presets agree on; where they differ, the preset says it. */
function override(field: string, variants: readonly Variant[]): z.ZodType {
  const description = variants.map(({ schema }) => schema.description).join("; for text: ")
    .replace("for text: Text: ", "for text: ");
  const [first, ...others] = presetValues(field);
  const agreed = first && others.length === 0 ? ` (default ${first.value})` : "";
  return anyVariant(variants).optional().describe(`${description}${agreed}`);
}

export const StopRequest = z.strictObject({
  runs: z.array(runReference).min(1).max(64).optional().describe(
    'Ids (or unique beginnings, or "latest") of 1 to 64 runs; give this or all',
  ),
  all: z.boolean().default(false).describe(
    "true stops everything that is queued or running; give this or runs (default false)",
  ),
});
