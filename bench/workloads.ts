/** The training steps that are timed beside PyTorch's. */
import { normals } from "../engine/mod.ts";
import { noiseInputs } from "../models/diffusion/mod.ts";
import { imageNetwork } from "../models/image/mod.ts";
import { trainingStep } from "../models/steps/mod.ts";
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
