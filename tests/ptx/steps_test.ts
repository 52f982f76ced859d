import assert from "node:assert/strict";
import { openEngine } from "../../engine/mod.ts";
import { blocksModel, checkText, oneBlock } from "../experiments/text_loops.ts";
import { assertSameState, assertSameStep, networks, updatedState } from "../webgpu/networks.ts";
import { cudaEngine } from "./interpreted_device.ts";

const cpu = await openEngine({ device: "cpu" });
const gpu = cudaEngine();

for (const [name, config] of Object.entries(networks)) {
  Deno.test(`loss and gradients by PTX are the CPU's: ${name}`, () =>
    assertSameStep(gpu, cpu, config));
}

for (const name of ["UNet", "text by diffusion"]) {
  Deno.test(`a training step by PTX changes the state as on the CPU: ${name}`, async () => {
    const expected = await updatedState(cpu, networks[name]!);
    const actual = await updatedState(gpu, networks[name]!);
    assert.ok(actual.resident);
    assertSameState(actual.state, expected.state);
  });
}

Deno.test("a text by loops of PTX is the CPU's", async () => {
  await checkText(
    await blocksModel(gpu),
    await blocksModel(cpu),
    { ...oneBlock, steps: 2, frames: 2 },
    1e-4,
  );
});
