/** Network, noise schedule and block sizes of a text configuration. */
import { schedule } from "../../models/diffusion/mod.ts";
import {
  type GammaEnds,
  linearGamma,
  logisticGamma,
  type NoiseRange,
  type TextNetwork,
  textNetwork,
  type TextStepOptions,
  trimmed,
} from "../../models/text/network/mod.ts";
import type { InspectedSchedule } from "../run/modality.ts";
import { BLOCK_SIZES } from "./metrics.ts";
import { textPresets } from "./presets.ts";
import type { TextConfig } from "./config.ts";

/** Returns the network of a configuration for a vocabulary size. */
export function networkOf(config: TextConfig, vocabulary: number): TextNetwork {
  return textNetwork({
    size: config.size,
    method: config.method,
    vocabulary,
    context: config.context,
    positions: config.positions === "rotary",
    unitNorm: config.embedding_norm === "unit",
    activation: config.activation,
    adaptive: isAdaptive(config) ? gammaEnds(config) : undefined,
  });
}

export function stepOptions({ self_condition, rounding }: TextConfig): TextStepOptions {
  return { selfCondition: self_condition, rounding };
}

/** Whether the noise levels of training adapt to the run. */
export function isAdaptive({ schedule, method }: TextConfig): boolean {
  return schedule === "adaptive-gamma" && (method === "diffusion" || method === "blocks");
}

export function gammaEnds({ gamma_start: start, gamma_end: end }: TextConfig): GammaEnds {
  return { start, end };
}

/**
 * Returns the noise schedule of validation and generation. If the levels of training are adaptive, it is
 * `logistic-gamma`, so that all runs are measured alike.
 */
export function noiseRange(config: TextConfig): NoiseRange {
  const { start, end } = gammaEnds(config);
  if (config.schedule === "logistic-gamma" || config.schedule === "adaptive-gamma") {
    return logisticGamma(start, end);
  }
  if (config.schedule === "linear-gamma") return linearGamma(start, end);
  return trimmed(schedule(config.schedule).gamma);
}

/** Returns the block sizes of a network for this context, except for 1. */
export function diffusionBlocks({ block_size, context }: TextConfig): number[] {
  if (block_size > 1) return [block_size];
  const sizes = BLOCK_SIZES.filter((size) => size > 1 && size < context && context % size === 0);
  return [...sizes, context];
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  "logistic-gamma": "For embeddings: -log SNR rises slowly where characters are decided",
  "adaptive-gamma":
    "For embeddings: levels are drawn where a run finds its bound to be made up; here as it starts, " +
    "like logistic-gamma",
  "linear-gamma": "For embeddings: -log SNR rises evenly",
};

/** Returns a noise schedule of the configuration, with the ends that the presets have. */
export function inspectedSchedule(name: string): InspectedSchedule {
  const preset = textPresets["shakespeare-diffusion"].config;
  const { gamma_start, gamma_end } = preset;
  return {
    name,
    gamma: noiseRange({ ...preset, schedule: name as TextConfig["schedule"] }).gamma,
    forEmbeddings: true,
    description: `${DESCRIPTIONS[name]}, from ${gamma_start} to ${gamma_end}`,
  };
}
