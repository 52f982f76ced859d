import assert from "node:assert/strict";
import { openCompiledEngine } from "../../engine/compiled.ts";
import { metered } from "./metered.ts";
import { runtimeOn } from "../../engine/kernels/runtime.ts";
import { openWebGpu } from "../../engine/kernels/webgpu.ts";
import { samplingPlan } from "../../models/diffusion/mod.ts";
import { compileSampling, needsOf, runSampling } from "../../models/steps/mod.ts";
import { checkLoop, loops, toyDenoiser } from "../models/steps/sampling_loops.ts";

const { device, copies } = metered(await openWebGpu());
const engine = openCompiledEngine(runtimeOn(device));

for (const [name, options] of Object.entries(loops)) {
  Deno.test(`a sampling loop on WebGPU is the host's: ${name}`, async () => {
    // Normal numbers are the host's to four digits, and everything is in float32.
    await checkLoop(engine, options, 5e-4);
  });
}

Deno.test("a sampling loop on WebGPU copies points at its ends alone", async () => {
  const plan = samplingPlan({ sampler: "ddim", levels: Array.from({ length: 51 }, (_, i) => -i) });
  const sampling = await compileSampling(engine, toyDenoiser, {
    batch: 4,
    needs: needsOf(plan),
  });
  const points = 4 * 4 * 6;
  const before = { ...copies };
  await runSampling(sampling, {
    plan,
    start: new Float32Array(4 * 6),
    constantInputs: { labels: new Int32Array(4) },
    noise: { seed: 0, stream: "noise" },
  });
  const up = copies.up - before.up, down = copies.down - before.down;
  const waits = copies.waits - before.waits;
  // The start and a zeroed estimate, labels and failures, and the numbers of each evaluation.
  assert.equal(up, 2 * points + 2 * 16 + 50 * 4 * 18);
  // The points once, and whether all went well at each wait.
  assert.equal(down, points + 16 * (waits - 1));
});
