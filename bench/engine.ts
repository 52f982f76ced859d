/**
 * Time of a training step (forward, backward, clipping, AdamW) beside PyTorch's for the same network,
 * batch and threads, and beside TensorFlow.js's own backends where they can run it at all.
 *
 * The two take turns on an otherwise idle machine; medians are compared. The last line is JSON:
 * our time over PyTorch's, smaller is better.
 */
import { normals, openEngine } from "../engine/mod.ts";
import type { Engine } from "../engine/mod.ts";
import { noiseInputs } from "../models/diffusion/mod.ts";
import { trainingStep } from "../models/steps/mod.ts";
import { imageNetwork } from "../models/image/mod.ts";
import { ourStep } from "./our_step.ts";
import { startPyTorch } from "./peer.ts";
import { takeTurns } from "./turns.ts";
import { transformer } from "./transformer.ts";
import { wasmStep } from "./wasm.ts";
import type { Workload } from "./workload.ts";

const ROUNDS = 15;

async function unetWorkload(batch: number): Promise<Workload> {
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

function transformerWorkload(batch: number): Workload {
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

async function compare(engine: Engine, workload: Workload): Promise<number> {
  const threads = navigator.hardwareConcurrency;
  console.log(`\n${workload.title}, ${threads} threads`);
  const ours = await ourStep(engine, workload);
  const peer = await startPyTorch("train_step.py", [workload.name, String(threads)]);
  console.log(`  PyTorch: ${peer.description} (parameters, version)`);
  const turns = await takeTurns(ours, peer, ROUNDS);
  await peer.stop();
  const { ratio } = turns;
  console.log(
    `  ours ${turns.ours.toFixed(1)} ms, PyTorch ${turns.peer.toFixed(1)} ms, ratio ${
      ratio.toFixed(3)
    }`,
  );
  console.log(`  tfjs wasm: ${await wasmStep(workload)}`);
  return ratio;
}

const engine = await openEngine({ device: "cpu" });
console.log(engine.description);
const ratios = {
  unet_train_vs_pytorch: await compare(engine, await unetWorkload(64)),
  transformer_train_vs_pytorch: await compare(engine, transformerWorkload(32)),
};
await engine.dispose();
console.log(JSON.stringify(ratios));
Deno.exit(0);
