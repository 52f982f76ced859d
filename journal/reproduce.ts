import {
  PRESET_NAMES,
  type PresetName,
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
    .filter((preset) => presets[preset].config.modality === config.modality)
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

function overridesFrom(preset: PresetName, config: RunConfig): Record<string, unknown> {
  const base: Readonly<Record<string, unknown>> = presets[preset].config;
  const overrides = Object.fromEntries(
    Object.entries(config).filter(([field, value]) => field !== "seed" && value !== base[field]),
  );
  // A preset shortens its warm-up with the run, so what equals the preset may still need saying.
  const resolved = resolveConfig(preset, overrides);
  return resolved.warmup_steps === config.warmup_steps
    ? overrides
    : { ...overrides, warmup_steps: config.warmup_steps };
}
