/**
 * Time to draw 64 digits with 50 DDIM steps and guidance (one doubled batch of 128 in each step)
 * beside PyTorch's for the same network, steps and threads. Start-up and compilation are not
 * counted.
 *
 * The two take turns on an otherwise idle machine; medians are compared. The last line is JSON:
 * our time over PyTorch's, smaller is better.
 */
import { normals, openEngine } from "../engine/mod.ts";
import { noiseInputs, sampleDiffusion, samplingLevels, schedule } from "../models/diffusion/mod.ts";
import { imageNetwork } from "../models/image/mod.ts";
import { initialParameters } from "../models/layers/mod.ts";
import { compileStep, denoiser } from "../models/steps/mod.ts";
import { startPyTorch } from "./peer.ts";
import { roundsAsked, takeTurns } from "./turns.ts";

const ROUNDS = roundsAsked(3);
const COUNT = 64;
const STEPS = 50;
const GUIDANCE = 2;

const engine = await openEngine({ device: "cpu" });
console.log(engine.description);
const network = await imageNetwork("small");
const program = await compileStep(engine, denoiser(network, "v", { guided: true }), {
  batch: COUNT,
  outputs: "concat",
  weights: initialParameters(network.parameters, 0),
});

/** Draws the digits once and returns the milliseconds it took. */
async function draw(): Promise<number> {
  const began = performance.now();
  await sampleDiffusion(async (z, gamma) => {
    const { denoised } = await program.run({
      z,
      ...noiseInputs(new Float64Array(COUNT).fill(gamma)),
      labels: Int32Array.from({ length: COUNT }, (_, i) => i % 10),
      guidance_scale: Float32Array.of(GUIDANCE),
    });
    return denoised as Float32Array;
  }, {
    sampler: "ddim",
    levels: samplingLevels(schedule("cosine"), STEPS),
    z: normals({ seed: 0, stream: "start", step: 0 }, COUNT * 784),
    noise: () => {
      throw new Error("DDIM without eta needs no noise");
    },
    clip: [-1, 1],
  });
  return performance.now() - began;
}

const threads = navigator.hardwareConcurrency;
const peer = await startPyTorch("sample_digits.py", [String(threads)]);
console.log(`\n${COUNT} digits, ${STEPS} guided DDIM steps, ${threads} threads`);
console.log(`  PyTorch: ${peer.description} (parameters, version)`);
const { ours, peer: theirs, ratio } = await takeTurns(draw, peer, ROUNDS);
await peer.stop();
await engine.dispose();
console.log(
  `  ours ${ours.toFixed(0)} ms, PyTorch ${theirs.toFixed(0)} ms, ratio ${ratio.toFixed(3)}`,
);
console.log(JSON.stringify({ guided_sampling_vs_pytorch: ratio }));
Deno.exit(0);
