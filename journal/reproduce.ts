import {
  PRESET_NAMES,
  presets,
  resolveConfig,
  type Run,
  type RunConfig,
} from "../experiments/mod.ts";

/**
 * The arguments of the `train` tool that repeat runs of one configuration: the preset that needs
 * the fewest overrides, those overrides, and the seeds.
 *
 * @param runs At least one run; all alike except for their seeds and recording intervals.
 */
export function trainCall(runs: readonly Run[]): string {
  const config = runs[0]!.config;
  const [best] = PRESET_NAMES
    .map((preset) => ({ preset, overrides: overridesFrom(preset, config) }))
    .sort((a, b) => Object.keys(a.overrides).length - Object.keys(b.overrides).length);
  const { preset, overrides } = best!;
  const seeds = [...new Set(runs.map((run) => run.config.seed))];
  return JSON.stringify({
    preset,
    ...(Object.keys(overrides).length > 0 ? { overrides } : {}),
    seeds,
  });
}

function overridesFrom(preset: keyof typeof presets, config: RunConfig): Partial<RunConfig> {
  const base = presets[preset].config;
  const fields = (Object.keys(config) as (keyof RunConfig)[]).filter((field) => field !== "seed");
  const overrides = Object.fromEntries(
    fields.filter((field) => config[field] !== base[field]).map((field) => [field, config[field]]),
  ) as Partial<RunConfig>;
  // A preset shortens its warm-up with the run, so what equals the preset may still need saying.
  const resolved = resolveConfig(preset, overrides);
  return resolved.warmup_steps === config.warmup_steps
    ? overrides
    : { ...overrides, warmup_steps: config.warmup_steps };
}
