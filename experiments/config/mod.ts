/**
 * Configurations, presets and the grids of sweeps. A configuration is one flat record with everything that is
 * needed to repeat a run.
 */
export { integer, RECORDING } from "./fields.ts";
export { imageDatasetNames } from "../../data/mod.ts";
export { ImageConfig, imageConfigOf } from "./image.ts";
export { TextConfig, textConfigOf } from "./text.ts";
export {
  configSchemas,
  differingFields,
  LATER,
  MATERIAL,
  parseConfig,
  requireConfigField,
  RunConfig,
  tellingFields,
  withLaterFields,
} from "./configuration.ts";
export { PRESET_NAMES, type PresetName, presets } from "./presets.ts";
export {
  type ConfigGrid,
  type ConfigOverrides,
  expandGrid,
  MAX_SWEEP_RUNS,
  resolveConfig,
} from "./sweep.ts";
export { configHash, groupHash } from "./configuration.ts";
