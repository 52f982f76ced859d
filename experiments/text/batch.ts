/**
 * What a training step on text sees, as a function of configuration, data and step, and where levels
 * adapt also of the parameter that they follow.
 */
import { gatherWindows, type TextDataset } from "../../data/mod.ts";
import {
  type Arrays,
  integers,
  normals,
  type Parameters,
  type RandomKey,
  uniforms,
} from "../../engine/mod.ts";
import { noiseInputs } from "../../models/diffusion/mod.ts";
import {
  adaptiveGamma,
  blockMask,
  boundLevels,
  DENSITY,
  EMBEDDING_DIMENSION,
  knotWeights,
  maskedPlaces,
  type NoiseRange,
} from "../../models/text/network/mod.ts";
import { diffusionBlocks, gammaEnds, isAdaptive, noiseRange } from "./network.ts";
import type { TextConfig } from "./config.ts";

/** Makes the inputs of the training step, besides the parameters, for any step. */
export function textBatchSource(
  config: TextConfig,
  dataset: TextDataset,
): (step: number, parameters: Parameters) => Arrays {
  const { seed, batch_size: size, context, method } = config;
  const { train } = dataset.tokenized;
  const range = noiseRange(config);
  const blocks = diffusionBlocks(config);
  const ends = isAdaptive(config) ? gammaEnds(config) : null;
  return (step, parameters) => {
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
    const key = { seed, stream: "levels", step };
    const levels = ends ? adaptiveGamma(ends, parameters[DENSITY]!.data) : range;
    const noisy = noisyInputs(tokens, levels, size, key);
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

/** Windows, their noise, its levels and what each counts in the bound. */
export function noisyInputs(
  tokens: Int32Array,
  range: NoiseRange,
  size: number,
  key: RandomKey,
): Arrays & { gamma: Float32Array } {
  const levels = boundLevels(range, size, key);
  const { alpha, sigma } = noiseInputs(levels.gammas);
  return {
    tokens,
    eps: normals({ ...key, stream: `${key.stream}/noise` }, tokens.length * EMBEDDING_DIMENSION),
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
