import assert from "node:assert/strict";
import { openEngine, tf } from "../../../engine/mod.ts";
import { samplingPlan } from "../../../models/diffusion/mod.ts";
import {
  compileSampling,
  needsOf,
  perExampleInput,
  runSampling,
  type Step,
} from "../../../models/steps/mod.ts";
import { interpretedEngine } from "../../engine/kernels/interpreted_engine.ts";
import { checkLoop, loops } from "./sampling_loops.ts";

const cpu = await openEngine({ device: "cpu" });

for (const [name, options] of Object.entries(loops)) {
  Deno.test(`a sampling loop of one program is the host's: ${name}`, async () => {
    await checkLoop(cpu, options, 1e-5);
    await checkLoop(interpretedEngine, options, 2e-5);
  });
}

const plan = samplingPlan({ sampler: "ddim", levels: [4, 2, 0] });
const options = { batch: 2, needs: needsOf(plan), clip: [-1, 1] as const };
const noise = { seed: 0, stream: "noise" };

/** Fails for one example, where the noise is low. */
const failing: Step = {
  parameters: [],
  inputs: { z: perExampleInput([3]), alpha: perExampleInput([]), bad: perExampleInput([]) },
  apply: ({ z, alpha, bad }) => {
    const low = tf.cast(tf.greater(alpha!, 0.2), "float32");
    const divisor = tf.reshape(tf.sub(1, tf.mul(low, bad!)), [-1, 1]);
    return { denoised: tf.div(tf.add(tf.mul(z!, 0), 1), divisor) };
  },
};

Deno.test("a sampling loop stops at a value that is not finite, naming step and γ", async () => {
  const program = await compileSampling(cpu, failing, options);
  const run = (bad: number) =>
    runSampling(program, {
      plan,
      start: new Float32Array(6).fill(0.5),
      constantInputs: { bad: Float32Array.of(0, bad) },
      noise,
    });
  await assert.rejects(run(1), {
    message:
      "Sampling stopped at step 2 of 2 (γ = 2.000): the denoiser returned a value that is not finite",
  });
  // Nothing of it is left.
  assert.ok((await run(0)).points.every(Number.isFinite));
});

Deno.test("a sampling loop stops when its signal aborts", async () => {
  const program = await compileSampling(cpu, failing, options);
  const abort = new AbortController();
  const sampling = runSampling(program, {
    plan,
    start: new Float32Array(6),
    constantInputs: { bad: new Float32Array(2) },
    noise,
    onStep: () => abort.abort(new Error("enough")),
    signal: abort.signal,
  });
  await assert.rejects(sampling, { message: "enough" });
});
