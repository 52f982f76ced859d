import assert from "node:assert/strict";
import { openCompiledEngine } from "../../engine/compiled.ts";
import { metered } from "./metered.ts";
import { runtimeOn } from "../../engine/kernels/runtime.ts";
import { openWebGpu } from "../../engine/kernels/webgpu.ts";
import { openEngine } from "../../engine/mod.ts";
import { generate, type TextModel } from "../../models/text/mod.ts";
import {
  BLOCK,
  blocksModel,
  checkText,
  COUNT,
  oneBlock,
  requests,
} from "../experiments/text_loops.ts";

const { device, copies } = metered(await openWebGpu());
const model = await blocksModel(openCompiledEngine(runtimeOn(device)));
const onCpu = await blocksModel(await openEngine({ device: "cpu" }));

for (const [name, request] of Object.entries(requests)) {
  Deno.test(`a text by loops on WebGPU is the CPU's: ${name}`, async () => {
    // Normal numbers are the host's to four digits, and everything is in float32.
    await checkText(model, onCpu, request, 1e-3);
  });
}

Deno.test("a text by loops on WebGPU copies embeddings and logits at their ends alone", async () => {
  const copied = async (model: TextModel, steps: number) => {
    const before = { ...copies };
    await generate(model, { ...oneBlock, steps, frames: 0 });
    const [up, down] = [copies.up - before.up, copies.down - before.down];
    return { up, down, waits: copies.waits - before.waits };
  };
  const points = 4 * COUNT * BLOCK * model.dimension;
  const logits = 4 * COUNT * BLOCK * model.vocabularySize;
  const failures = 4 * COUNT;
  const ten = await copied(model, 10), thirty = await copied(model, 30);
  // For each evaluation 18 numbers, and the seed, stream and draw of its noise.
  assert.equal(thirty.up - ten.up, 20 * 4 * (18 + 3));
  assert.equal(thirty.down, points + logits + failures * (thirty.waits - 1));
  // The host's loop copies the points and the estimate before to the device, and the logits back.
  const byHost = { ...model, sample: undefined };
  const [tenByHost, thirtyByHost] = [await copied(byHost, 10), await copied(byHost, 30)];
  assert.ok(thirtyByHost.up - tenByHost.up > 20 * 2 * points);
  assert.equal(thirtyByHost.down - tenByHost.down, 20 * logits);
});
