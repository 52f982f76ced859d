/**
 * Time of a training step of the text network beside PyTorch's for the same network, batch and
 * threads: left to right, and by diffusion of whole windows with a quarter of them self-conditioned.
 *
 * The two take turns on an otherwise idle machine; medians are compared. The last line is JSON:
 * our time over PyTorch's, smaller is better.
 */
import { normals, openEngine } from "../engine/mod.ts";
import { noiseInputs } from "../models/diffusion/mod.ts";
import {
  boundLevels,
  EMBEDDING_DIMENSION,
  linearGamma,
  textNetwork,
  textTrainingStep,
} from "../models/text/network/mod.ts";
import { ourStep } from "./our_step.ts";
import { startPyTorch } from "./peer.ts";
import { roundsAsked, takeTurns } from "./turns.ts";
import type { Workload } from "./workload.ts";

const ROUNDS = roundsAsked(9);
const BATCH = 32, LENGTH = 128, SYMBOLS = 65;

function workload(method: "autoregressive" | "diffusion"): Workload {
  const noisy = method === "diffusion";
  const network = textNetwork({
    size: "small",
    vocabulary: SYMBOLS,
    context: LENGTH,
    method,
    positions: true,
    unitNorm: true,
    activation: "gelu",
  });
  const levels = boundLevels(linearGamma(-4, 5), BATCH, { seed: 0, stream: "bench", step: 0 });
  return {
    name: `text-${method}`,
    title: `text by ${method}, ${network.parameterCount} parameters, batch ${BATCH}×${LENGTH}`,
    specs: network.parameters,
    step: textTrainingStep(network, { selfCondition: 0.25 }),
    batch: BATCH,
    data: {
      tokens: Int32Array.from({ length: BATCH * LENGTH }, (_, i) => (i * 31 + 3) % SYMBOLS),
      ...(noisy
        ? {
          eps: normals(
            { seed: 0, stream: "eps", step: 0 },
            BATCH * LENGTH * EMBEDDING_DIMENSION,
          ),
          gamma: Float32Array.from(levels.gammas),
          alpha: noiseInputs(levels.gammas).alpha,
          sigma: noiseInputs(levels.gammas).sigma,
          cross_entropy_weight: levels.crossEntropyWeights,
          squared_error_weight: levels.squaredErrorWeights,
        }
        : {}),
    },
  };
}

const engine = await openEngine({ device: "cpu" });
const threads = navigator.hardwareConcurrency;
const ratios: Record<string, number> = {};
for (const method of ["autoregressive", "diffusion"] as const) {
  const work = workload(method);
  console.log(`\n${work.title}, ${threads} threads`);
  const ours = await ourStep(engine, work);
  const peer = await startPyTorch("train_step.py", [work.name, String(threads)]);
  console.log(`  PyTorch: ${peer.description} (parameters, version)`);
  const turns = await takeTurns(ours, peer, ROUNDS);
  await peer.stop();
  console.log(
    `  ours ${turns.ours.toFixed(1)} ms, PyTorch ${turns.peer.toFixed(1)} ms, ratio ${
      turns.ratio.toFixed(3)
    }`,
  );
  ratios[work.name] = Number(turns.ratio.toFixed(3));
}
await engine.dispose();
console.log(JSON.stringify(ratios));
Deno.exit(0);
