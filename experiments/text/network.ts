/** What a text configuration means in the terms of models/text. */
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
import type { TextConfig } from "../config/mod.ts";
import { BLOCK_SIZES } from "../store/metrics.ts";

/** The network of a configuration for a vocabulary of this size. */
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

/** Whether training's levels follow what the run learns of its bound. */
export function isAdaptive({ schedule, method }: TextConfig): boolean {
  return schedule === "adaptive-gamma" && (method === "diffusion" || method === "blocks");
}

export function gammaEnds({ gamma_start: start, gamma_end: end }: TextConfig): GammaEnds {
  return { start, end };
}

/**
 * Noise over time in validation and in writing. Where training's own levels adapt it is
 * `logistic-gamma`, so that runs are measured and write alike.
 */
export function noiseRange(config: TextConfig): NoiseRange {
  const { start, end } = gammaEnds(config);
  if (config.schedule === "logistic-gamma" || config.schedule === "adaptive-gamma") {
    return logisticGamma(start, end);
  }
  if (config.schedule === "linear-gamma") return linearGamma(start, end);
  return trimmed(schedule(config.schedule).gamma);
}

/** Sizes of the blocks that a network for windows of this length is asked for, 1 excluded. */
export function diffusionBlocks({ block_size, context }: TextConfig): number[] {
  if (block_size > 1) return [block_size];
  const sizes = BLOCK_SIZES.filter((size) => size > 1 && size < context && context % size === 0);
  return [...sizes, context];
}
