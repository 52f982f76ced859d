/**
 * Network, noise schedule and block sizes of a text configuration, and the batches of its training: functions of
 * configuration, data and step and, for adaptive noise levels, of the parameter that the levels follow.
 */
import { noiseInputs, schedule } from "../../models/diffusion/mod.ts";
import {
  adaptiveGamma,
  blockMask,
  boundLevels,
  DENSITY,
  type GammaEnds,
  interiorRange,
  knotWeights,
  linearGamma,
  logisticGamma,
  maskedPlaces,
  type NoiseRange,
  type TextNetwork,
  textNetwork,
  type TextStepOptions,
} from "../../models/text/network/mod.ts";
import { EMBEDDING_DIMENSION } from "../../models/text/mod.ts";
import type { BatchOptions, InspectedSchedule, Subject } from "../run/modality.ts";
import { BLOCK_SIZES } from "./metrics.ts";
import { type TextConfig, textPresets } from "./config.ts";
import { gatherWindows, type TextDataset } from "../../data/mod.ts";
import { type Arrays, integers, normals, type RandomKey, uniforms } from "../../engine/mod.ts";
import type { NoiseInput } from "../../models/steps/mod.ts";

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
  return interiorRange(schedule(config.schedule).gamma);
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

/** Makes the inputs of the training step, besides the parameters, for any step. */
export function textBatchSource(
  config: TextConfig,
  dataset: TextDataset,
): Subject["batch"] {
  const { seed, batch_size: size, context, method } = config;
  const { train } = dataset.tokenized;
  const range = noiseRange(config);
  const blocks = diffusionBlocks(config);
  const ends = isAdaptive(config) ? gammaEnds(config) : null;
  return (step, parameters, options = {}) => {
    const starts = integers(
      { seed, stream: "batch", step },
      size,
      train.length - context + 1,
    );
    const tokens = gatherWindows(train, starts, context);
    if (method === "autoregressive") return { tokens };
    if (method === "masked") {
      return { tokens, masked: maskedPlaces(size, context, { seed, stream: "masks", step }) };
    }
    const key = { seed, stream: LEVELS, step };
    const levels = ends ? adaptiveGamma(ends, parameters[DENSITY]!.data) : range;
    const noisy = noisyInputs(tokens, levels, size, key, options);
    const adapting = ends ? { knot_weight: knotWeights(noisy.gamma, ends) } : {};
    if (method === "diffusion") return { ...noisy, ...adapting };
    const [u] = uniforms({ seed, stream: "block-size", step }, 1);
    return {
      ...noisy,
      ...adapting,
      mask: blockMask(context, blocks[Math.floor(u! * blocks.length)]!),
    };
  };
}

const LEVELS = "levels";

/** The noise of training batches; undefined if the method has none. */
export function trainingNoise({ seed, method }: TextConfig): NoiseInput | undefined {
  const noisy = method === "diffusion" || method === "blocks";
  return noisy ? { name: "eps", seed, stream: noiseStream(LEVELS) } : undefined;
}

/** The stream of the noise, beside that of its levels. */
function noiseStream(levels: string): string {
  return `${levels}/noise`;
}

/** Windows, their noise, its levels and what each counts in the bound. */
export function noisyInputs(
  tokens: Int32Array,
  range: NoiseRange,
  size: number,
  key: RandomKey,
  { withoutNoise = false }: BatchOptions = {},
): Arrays & { gamma: Float32Array } {
  const levels = boundLevels(range, size, key);
  const { alpha, sigma } = noiseInputs(levels.gammas);
  return {
    tokens,
    ...(withoutNoise ? {} : {
      eps: normals(
        { ...key, stream: noiseStream(key.stream) },
        tokens.length * EMBEDDING_DIMENSION,
      ),
    }),
    gamma: Float32Array.from(levels.gammas),
    alpha,
    sigma,
    cross_entropy_weight: levels.crossEntropyWeights,
    squared_error_weight: levels.squaredErrorWeights,
  };
}

/**
 * @param lengths Characters of each token of the vocabulary.
 * @returns Characters of the text that the tokens spell.
 */
export function charactersOf(tokens: ArrayLike<number>, lengths: ArrayLike<number>): number {
  let characters = 0;
  for (let i = 0; i < tokens.length; i++) characters += lengths[tokens[i]!]!;
  return characters;
}

/** The mean over the tokens; 1 where tokens are characters. */
export function charactersPerToken(tokens: ArrayLike<number>, lengths: ArrayLike<number>): number {
  return charactersOf(tokens, lengths) / tokens.length;
}
