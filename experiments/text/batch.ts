/** What a training step on text sees, as a function of configuration, data and step alone. */
import { gatherWindows, type TextDataset } from "../../data/mod.ts";
import { type Arrays, integers, normals, type RandomKey, uniforms } from "../../engine/mod.ts";
import { noiseInputs } from "../../models/diffusion/mod.ts";
import {
  blockMask,
  boundLevels,
  EMBEDDING_DIMENSION,
  maskedPlaces,
  type NoiseRange,
} from "../../models/text/network/mod.ts";
import type { TextConfig } from "../config.ts";
import { diffusionBlocks, noiseRange } from "./network.ts";

/** Makes the inputs of the training step, besides the parameters, for any step. */
export function textBatchSource(
  config: TextConfig,
  dataset: TextDataset,
): (step: number) => Arrays {
  const { seed, batch_size: size, context, method } = config;
  const range = noiseRange(config);
  const blocks = diffusionBlocks(config);
  return (step) => {
    const starts = integers(
      { seed, stream: "batch", step },
      size,
      dataset.train.length - context + 1,
    );
    const tokens = gatherWindows(dataset.train, starts, context);
    if (method === "autoregressive") return { tokens };
    if (method === "masked") {
      return { tokens, masked: maskedPlaces(size, context, { seed, stream: "masks", step }) };
    }
    const key = { seed, stream: "levels", step };
    const noisy = noisyInputs(tokens, range, size, key);
    if (method === "diffusion") return noisy;
    const [u] = uniforms({ seed, stream: "block-size", step }, 1);
    return { ...noisy, mask: blockMask(context, blocks[Math.floor(u! * blocks.length)]!) };
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
