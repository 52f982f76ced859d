/** The input of `train`: the fields of a configuration, once as overrides and once as lists. */
import { z } from "zod";
import {
  MAX_SWEEP_RUNS,
  PRESET_NAMES,
  type PresetName,
  presets,
  RunConfig,
} from "../experiments/mod.ts";
import { integer, runReference, waitSeconds } from "./fields.ts";

type Field = Exclude<keyof RunConfig, "modality">;
const FIELDS = (Object.keys(RunConfig.shape) as (keyof RunConfig)[])
  .filter((field): field is Field => field !== "modality");

export const DEFAULT_PRESET: PresetName = "mnist-small";

/** The presets' values of a field: one where they agree. */
function defaultOf(field: Field): string {
  const values = PRESET_NAMES.map((name) => `${presets[name].config[field]}`);
  return new Set(values).size === 1
    ? `default ${values[0]}`
    : `default by preset: ${PRESET_NAMES.map((name, i) => `${name} ${values[i]}`).join(", ")}`;
}

function described(field: Field): z.ZodType {
  const schema: z.ZodType = RunConfig.shape[field];
  return schema.describe(`${schema.description} (${defaultOf(field)})`).optional();
}

function listed(field: Field): z.ZodType {
  const schema: z.ZodType = RunConfig.shape[field];
  return z.array(schema.meta({ description: undefined })).min(1).max(MAX_SWEEP_RUNS)
    .describe(`Values of ${field}`).optional();
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
