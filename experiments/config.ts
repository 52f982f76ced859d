/**
 * What a run is made of: the configuration with its bounds, the presets, and the grids that sweeps
 * spread over them. Everything a run needs to be repeated is in one flat record.
 */
export { RECORDING } from "./config/fields.ts";
export { imageDatasetNames } from "../data/mod.ts";
export { ImageConfig } from "./config/image.ts";
export { TextConfig } from "./config/text.ts";
export { configSchemas, LATER, parseConfig, RunConfig } from "./config/parse.ts";
export { PRESET_NAMES, type PresetName, presets } from "./config/presets.ts";
export {
  type ConfigGrid,
  type ConfigOverrides,
  expandGrid,
  MAX_SWEEP_RUNS,
  resolveConfig,
} from "./config/sweep.ts";
export { configHash, groupHash } from "./config/hash.ts";
export { imageConfigOf, textConfigOf } from "./config/modality.ts";
