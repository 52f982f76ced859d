/** The input of `train`. */
import { z } from "zod";
import { MAX_SWEEP_RUNS, PRESET_NAMES, type PresetName, presets } from "../experiments/mod.ts";
import { Grid, Overrides, OVERRIDES_HELP } from "./config_fields.ts";
import { integer, runReference, waitSeconds } from "./fields.ts";

export const DEFAULT_PRESET: PresetName = "mnist-small";

export const TrainInput = z.strictObject({
  preset: z.enum(PRESET_NAMES).optional().describe(
    `Starting point (default ${DEFAULT_PRESET}); times are on two cores. ` +
      PRESET_NAMES.map((name) => `${name}: ${presets[name].description}`).join(". "),
  ),
  overrides: Overrides.optional().describe(OVERRIDES_HELP),
  grid: Grid.optional().describe(
    "Makes a sweep: for any fields of overrides a list of values, of which every combination is run, " +
      `at most ${MAX_SWEEP_RUNS} runs with the seeds, e.g. {"schedule": ["linear", "cosine"]}`,
  ),
  seeds: z.array(integer(0, 2_147_483_647)).min(1).max(MAX_SWEEP_RUNS).optional().describe(
    "Runs every combination once for each seed, e.g. [0, 1, 2]; their spread tells a difference from " +
      "noise (default 0)",
  ),
  label: z.string().min(1).max(200).optional().describe(
    "A few words on what this is for, up to 200 characters; stored with the runs (default none)",
  ),
  resume: runReference.optional().describe(
    "Instead of starting something: a stopped, interrupted or failed run goes on from its last " +
      "checkpoint, bit for bit; only wait_seconds may be given beside it",
  ),
  wait_seconds: waitSeconds(),
});
