/**
 * What a run is made of: the configuration with its bounds, the presets, and the grids that sweeps
 * spread over them. Everything a run needs to be repeated is in one flat record.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { UserError } from "../engine/host/mod.ts";
import { nearest } from "./nearest.ts";

/** Largest number of runs that one sweep may queue. */
export const MAX_SWEEP_RUNS = 64;

const integer = (minimum: number, maximum: number) => z.number().int().min(minimum).max(maximum);

/** The fields of a run's configuration, with their bounds and what they mean. */
export const RunConfig = z.strictObject({
  modality: z.literal("image").describe("What is learned"),
  dataset: z.enum(["mnist", "made-up-digits"]).describe(
    "Training data: mnist (60,000 handwritten digits, downloaded once) or made-up-digits (drawn " +
      "by the program, no network needed)",
  ),
  size: z.enum(["tiny", "mini", "small"]).describe(
    "Size of the UNet: tiny (36 thousand parameters, for tests), mini (140 thousand, for demonstrations) or small (556 thousand)",
  ),
  schedule: z.enum(["linear", "scaled-linear", "cosine", "sigmoid", "sqrt", "edm", "flow"])
    .describe("Noise schedule, as its log-SNR over time"),
  target: z.enum(["epsilon", "x0", "v", "flow", "edm"]).describe(
    "What the network predicts: the noise (epsilon), the clean image (x0), v = alpha*eps - " +
      "sigma*x, rectified flow's velocity eps - x (flow), or EDM's preconditioned output (edm)",
  ),
  weighting: z.enum(["uniform", "snr", "min-snr", "soft-min-snr", "vlb"]).describe(
    "How much each noise level counts in the loss: uniform is the target's plain squared error",
  ),
  time_sampling: z.enum(["uniform", "logit-normal", "log-normal"]).describe(
    "Which noise levels training sees: uniform in the schedule's time, logit-normal (more of its " +
      "middle), or EDM's log-normal, whatever the schedule",
  ),
  steps: integer(1, 1_000_000).describe("Training steps"),
  batch_size: integer(1, 1024).describe("Images per training step"),
  learning_rate: z.number().positive().max(1).describe("Peak learning rate of AdamW"),
  warmup_steps: integer(0, 100_000).describe("Steps over which the learning rate rises from zero"),
  decay: z.enum(["constant", "cosine", "linear"]).describe(
    "How the learning rate falls after the warm-up",
  ),
  weight_decay: z.number().min(0).max(1).describe("Decoupled weight decay of AdamW"),
  gradient_clip: z.number().min(0).max(1000).describe(
    "Largest global gradient norm; larger gradients are scaled down; 0 turns clipping off",
  ),
  ema_decay: z.number().min(0).max(0.99999).describe(
    "Largest decay of the moving average of the weights (the weights that are sampled from)",
  ),
  label_dropout: z.number().min(0).max(1).describe(
    "Fraction of training images whose class is hidden; above 0 makes guidance possible",
  ),
  seed: integer(0, 2_147_483_647).describe("Seed of everything random in the run"),
  log_every: integer(1, 100_000).describe("Steps between writes of the training metrics"),
  validate_every: integer(1, 1_000_000).describe("Steps between validations on held-out images"),
  checkpoint_every: integer(1, 1_000_000).describe("Steps between checkpoints"),
  sample_every: integer(0, 1_000_000).describe("Steps between small sample grids; 0 for none"),
});
export type RunConfig = z.infer<typeof RunConfig>;

/** Some fields of a configuration, as a caller overrides them. */
export const ConfigOverrides = RunConfig.omit({ modality: true }).partial();
export type ConfigOverrides = { [K in Exclude<keyof RunConfig, "modality">]?: RunConfig[K] };

/** Lists of values for some fields, of which a sweep runs every combination. */
export type ConfigGrid = { readonly [K in keyof ConfigOverrides]?: readonly RunConfig[K][] };

export const PRESET_NAMES = ["mnist-tiny", "mnist-small", "demo"] as const;
export type PresetName = typeof PRESET_NAMES[number];

const SMALL: RunConfig = {
  modality: "image",
  dataset: "mnist",
  size: "small",
  schedule: "cosine",
  target: "v",
  weighting: "uniform",
  time_sampling: "uniform",
  steps: 1500,
  batch_size: 64,
  learning_rate: 1e-3,
  warmup_steps: 50,
  decay: "cosine",
  weight_decay: 0.01,
  gradient_clip: 1,
  ema_decay: 0.995,
  label_dropout: 0.1,
  seed: 0,
  log_every: 5,
  validate_every: 100,
  checkpoint_every: 100,
  sample_every: 250,
};

/** The named starting points, complete in themselves. */
export const presets: Readonly<Record<PresetName, { description: string; config: RunConfig }>> = {
  "mnist-tiny": {
    description: "A tiny network for a few seconds: shows that everything works, not good digits",
    config: {
      ...SMALL,
      size: "tiny",
      steps: 60,
      batch_size: 32,
      learning_rate: 2e-3,
      warmup_steps: 5,
      ema_decay: 0.95,
      validate_every: 20,
      checkpoint_every: 20,
      sample_every: 0,
    },
  },
  "mnist-small": {
    description: "The baseline: 0.56 million parameters, about 12 minutes on two cores",
    config: SMALL,
  },
  demo: {
    description: "Recognisable digits in about two minutes on two cores, at guidance_scale 2",
    config: {
      ...SMALL,
      size: "mini",
      steps: 1500,
      batch_size: 32,
      learning_rate: 2e-3,
      ema_decay: 0.99,
      log_every: 10,
      validate_every: 250,
      checkpoint_every: 250,
      sample_every: 250,
    },
  },
};

/**
 * The whole configuration of a preset with some fields replaced.
 *
 * A preset's warm-up is shortened to a fifth of the run where only `steps` is overridden.
 *
 * @throws {UserError} If the preset or a field is unknown, or a value is out of its range.
 */
export function resolveConfig(preset: string, overrides: unknown = {}): RunConfig {
  const base = presetNamed(preset);
  const given = record(overrides, "overrides");
  const { warmup_steps, steps } = base.config;
  const asked = typeof given.steps === "number" && given.steps >= 1 ? given.steps : steps;
  const fifth = Math.floor(asked / 5);
  return parseConfig({ ...base.config, warmup_steps: Math.min(warmup_steps, fifth), ...given });
}

/**
 * Every combination of a grid's values and the seeds, in reading order: the last field varies
 * fastest, the seed fastest of all.
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
      throw new UserError("Give the seeds either in seeds or in grid.seed, not in both");
    }
    axes.push(["seed", seeds]);
  }
  let combinations: Record<string, unknown>[] = [fixed];
  for (const [field, values] of axes) {
    checkAxis(field, values, fixed);
    combinations = combinations.flatMap((c) => values.map((v) => ({ ...c, [field]: v })));
    if (combinations.length > MAX_SWEEP_RUNS) {
      throw new UserError(
        `The sweep has more than ${MAX_SWEEP_RUNS} runs: shorten the lists of ` +
          axes.map(([name]) => name === "seed" && seeds ? "seeds" : `grid.${name}`).join(", "),
      );
    }
  }
  return combinations.map((combination) => resolveConfig(preset, combination));
}

/** A short name for a configuration: the first 12 hex digits of the SHA-256 of its sorted JSON. */
export function configHash(config: RunConfig): string {
  return hashOf(config);
}

/** Fields that change what is recorded about a run but not what it learns. */
const RECORDING = ["log_every", "validate_every", "checkpoint_every", "sample_every"] as const;

/** As {@link configHash}, without the seed and the recording intervals: equal for runs that repeat
 * one experiment with different seeds. */
export function groupHash(config: RunConfig): string {
  const kept = Object.entries(config).filter(([field]) =>
    field !== "seed" && !(RECORDING as readonly string[]).includes(field)
  );
  return hashOf(Object.fromEntries(kept));
}

/**
 * Checks a whole configuration, as it comes from a caller or out of a file.
 *
 * @throws {UserError} Naming every wrong field, its value, and what is allowed.
 */
export function parseConfig(value: unknown): RunConfig {
  const result = RunConfig.safeParse(value);
  if (result.success) {
    const { warmup_steps, steps } = result.data;
    if (warmup_steps > steps) {
      throw new UserError(
        `warmup_steps is ${warmup_steps}, more than the ${steps} steps of the run: lower it or raise steps`,
      );
    }
    return result.data;
  }
  const given = record(value, "configuration");
  throw new UserError(result.error.issues.map((issue) => explain(issue, given)).join("; "));
}

function explain(issue: z.core.$ZodIssue, given: Record<string, unknown>): string {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const known = Object.keys(RunConfig.shape);
      return `There is no field ${key}: did you mean ${nearest(key, known, 1)[0]}? (fields: ${
        known.filter((name) => name !== "modality").join(", ")
      })`;
    }).join("; ");
  }
  const field = String(issue.path[0]);
  const shape = RunConfig.shape[field as keyof RunConfig];
  return `${field} is ${JSON.stringify(given[field])}, but must be ${allowed(shape)}`;
}

/** "a whole number from 1 to 1024", "one of linear, cosine": what a field accepts. */
function allowed(shape: z.ZodType): string {
  if (shape instanceof z.ZodEnum) return `one of ${shape.options.join(", ")}`;
  if (shape instanceof z.ZodLiteral) return `"${[...shape.values].join(", ")}"`;
  const schema = z.toJSONSchema(shape);
  const kind = schema.type === "integer" ? "a whole number" : "a number";
  return schema.exclusiveMinimum === undefined
    ? `${kind} from ${schema.minimum} to ${schema.maximum}`
    : `${kind} above ${schema.exclusiveMinimum} and at most ${schema.maximum}`;
}

function presetNamed(name: string): { description: string; config: RunConfig } {
  const preset = Object.hasOwn(presets, name) ? presets[name as PresetName] : undefined;
  if (!preset) {
    throw new UserError(
      `There is no preset ${JSON.stringify(name)}: the presets are ${PRESET_NAMES.join(", ")}`,
    );
  }
  return preset;
}

function checkAxis(
  field: string,
  values: unknown,
  fixed: Record<string, unknown>,
): asserts values is unknown[] {
  if (!Array.isArray(values) || values.length === 0) {
    throw new UserError(`grid.${field} must be a list of at least one value`);
  }
  if (new Set(values).size !== values.length) {
    throw new UserError(`grid.${field} names a value twice: ${JSON.stringify(values)}`);
  }
  if (field in fixed) {
    throw new UserError(`${field} is both in overrides and in the grid: leave it in one of them`);
  }
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined));
  }
  throw new UserError(`${name} must be an object of field names and values`);
}

function hashOf(value: object): string {
  const sorted = JSON.stringify(value, Object.keys(value).sort());
  return createHash("sha256").update(sorted).digest("hex").slice(0, 12);
}
