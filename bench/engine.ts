/**
 * Time of a training step (forward, backward, clipping, AdamW) beside PyTorch's for the same network,
 * batch and threads, and beside TensorFlow.js's own backends where they can run it at all.
 *
 * The two take turns on an otherwise idle machine; medians are compared. The last line is JSON:
 * our time over PyTorch's, smaller is better.
 */
import { openEngine } from "../engine/mod.ts";
import type { Engine } from "../engine/mod.ts";
import { ourStep } from "./our_step.ts";
import { startPyTorch } from "./peer.ts";
import { roundsAsked, takeTurns } from "./turns.ts";
import { wasmStep } from "./wasm.ts";
import type { Workload } from "./workload.ts";
import { transformerWorkload, unetWorkload } from "./workloads.ts";

const ROUNDS = roundsAsked(9);
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
