/** The input of `train`: the fields of a configuration, once as overrides and once as lists. */
import { z } from "zod";
import {
  configSchemas,
  MAX_SWEEP_RUNS,
  PRESET_NAMES,
  type PresetName,
  presets,
} from "../experiments/mod.ts";
import { integer, runReference, waitSeconds } from "./fields.ts";

/** Every field of a modality but its name, in order; those that several have stand once. */
const FIELDS = [
  ...new Set(Object.values(configSchemas).flatMap(({ shape }) => Object.keys(shape))),
].filter((field) => field !== "modality");
/** The same fields, by the modalities that have them. */
const MODALITIES = Object.values(configSchemas).map((schema): Record<string, z.ZodType> =>
  schema.shape
);

export const DEFAULT_PRESET: PresetName = "mnist-small";

/** The presets' values of a field: the commonest, and which presets have another. */
function defaultOf(field: string): string {
  const values = PRESET_NAMES.flatMap((name) => {
    const config: Readonly<Record<string, unknown>> = presets[name].config;
    return field in config ? [{ name, value: `${config[field]}` }] : [];
  });
  const [common, ...others] = [...Map.groupBy(values, ({ value }) => value)]
    .sort(([, a], [, b]) => b.length - a.length);
  const exceptions = others.map(([value, of]) =>
    `${value} in ${of.map(({ name }) => name).join()}`
  );
  return [`default ${common![0]}`, ...exceptions].join("; ");
}

/** What a field accepts in any modality; the laboratory checks it against the preset's own. */
function schemaOf(field: string): z.ZodType {
  const schemas = [...new Set(MODALITIES.flatMap((shape) => shape[field] ? [shape[field]] : []))];
  if (schemas.length === 1) return schemas[0]!;
  const description = schemas.map((schema) => schema.description).join("; for text: ");
  const either = schemas.every((schema) => schema instanceof z.ZodEnum)
    ? z.enum([...new Set(schemas.flatMap((schema) => schema.options.map(String)))])
    : z.union(schemas.map((schema) => schema.meta({ description: undefined })));
  return either.describe(description);
}

function described(field: string): z.ZodType {
  const schema = schemaOf(field);
  return schema.describe(`${schema.description} (${defaultOf(field)})`).optional();
}

function listed(field: string): z.ZodType {
  return z.array(schemaOf(field).meta({ description: undefined })).min(1).max(MAX_SWEEP_RUNS)
    .describe("Values").optional();
}

export const TrainInput = z.strictObject({
  preset: z.enum(PRESET_NAMES).optional().describe(
    `Starting point (default ${DEFAULT_PRESET}). ` +
      PRESET_NAMES.map((name) => `${name}: ${presets[name].description}`).join(". "),
  ),
  overrides: z.strictObject(Object.fromEntries(FIELDS.map((field) => [field, described(field)])))
    .optional().describe("Configuration fields that differ from the preset"),
  grid: z.strictObject(Object.fromEntries(FIELDS.map((field) => [field, listed(field)])))
    .optional().describe(
      `Makes a sweep: lists of values of which every combination is run, at most ${MAX_SWEEP_RUNS} ` +
        'runs with the seeds, e.g. {"schedule": ["linear", "cosine"]}',
    ),
  seeds: z.array(integer(0, 2_147_483_647)).min(1).max(MAX_SWEEP_RUNS).optional().describe(
    "Runs every combination once for each seed, e.g. [0, 1, 2]; the spread over seeds is what tells " +
      "a difference from noise (default: the one seed of the preset, 0)",
  ),
  label: z.string().min(1).max(200).optional().describe(
    "A few words on what this is for, up to 200 characters; stored with the runs (default none)",
  ),
  resume: runReference.optional().describe(
    'Instead of starting something: the id (or "latest") of a stopped, interrupted or failed run ' +
      "that goes on from its last checkpoint, bit for bit as if it had never stopped; only " +
      "wait_seconds may be given beside it",
  ),
  wait_seconds: waitSeconds(45),
});
