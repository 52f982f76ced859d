/** The training steps that are timed beside PyTorch's. */
import { normals } from "../engine/mod.ts";
import { noiseInputs } from "../models/diffusion/mod.ts";
import { imageNetwork } from "../models/image/mod.ts";
import { trainingStep } from "../models/steps/mod.ts";
import {
  blockMask,
  boundLevels,
  linearGamma,
  textNetwork,
  textTrainingStep,
} from "../models/text/network/mod.ts";
import { EMBEDDING_DIMENSION } from "../models/text/mod.ts";
import { transformer } from "./transformer.ts";
import type { Workload } from "./workload.ts";

export async function unetWorkload(batch: number): Promise<Workload> {
  const network = await imageNetwork("small");
  const noise = (stream: string) => normals({ seed: 0, stream, step: 0 }, batch * 784);
  const gammas = Array.from({ length: batch }, (_, i) => -6 + 12 * i / batch);
  return {
    name: "unet",
    title: `UNet, ${network.parameterCount} parameters, batch ${batch} of 28×28`,
    specs: network.parameters,
    step: trainingStep(network, "epsilon"),
    batch,
    data: {
      x: noise("x"),
      eps: noise("eps"),
      ...noiseInputs(gammas),
      labels: Int32Array.from({ length: batch }, (_, i) => i % 11),
    },
  };
}

export function transformerWorkload(batch: number): Workload {
  const config = { symbols: 65, length: 128, width: 128, layers: 4, heads: 4 };
  const { specs, step } = transformer(config);
  const symbols = (offset: number) =>
    Int32Array.from({ length: batch * config.length }, (_, i) => (i * 31 + offset) % 65);
  return {
    name: "transformer",
    title: `transformer, 4 layers, width 128, batch ${batch}×${config.length} tokens`,
    specs,
    step,
    batch,
    data: { tokens: symbols(3), targets: symbols(17) },
  };
}

/** Symbols of every benchmarked text, as many as tiny Shakespeare has. */
const SYMBOLS = 65;
/** Characters of a block, in the step of the network that writes in blocks. */
const BLOCK = 16;

/** The text network by one of its methods, a quarter of the windows self-conditioned. */
export function textWorkload(
  method: "autoregressive" | "diffusion" | "blocks",
  batch: number,
  { size = "small", length = 128 }: {
    readonly size?: "small" | "base";
    readonly length?: number;
  } = {},
): Workload {
  const network = textNetwork({
    size,
    vocabulary: SYMBOLS,
    context: length,
    method,
    positions: true,
    unitNorm: true,
    activation: "gelu",
  });
  const levels = boundLevels(linearGamma(-4, 5), batch, { seed: 0, stream: "bench", step: 0 });
  const noisy = {
    eps: normals({ seed: 0, stream: "eps", step: 0 }, batch * length * EMBEDDING_DIMENSION),
    gamma: Float32Array.from(levels.gammas),
    alpha: noiseInputs(levels.gammas).alpha,
    sigma: noiseInputs(levels.gammas).sigma,
    cross_entropy_weight: levels.crossEntropyWeights,
    squared_error_weight: levels.squaredErrorWeights,
  };
  return {
    name: `text-${method}`,
    title: `text, ${method}, ${network.parameterCount} parameters, batch ${batch}×${length}`,
    specs: network.parameters,
    step: textTrainingStep(network, { selfCondition: 0.25 }),
    batch,
    data: {
      tokens: Int32Array.from({ length: batch * length }, (_, i) => (i * 31 + 3) % SYMBOLS),
      ...(method === "autoregressive" ? {} : noisy),
      ...(method === "blocks" ? { mask: blockMask(length, BLOCK) } : {}),
    },
  };
}
