/** A part of tests/ptx that is quick: kernels for the device cuda, on a card that is played. */
import assert from "node:assert/strict";
import { openCard } from "../../../engine/kernels/cuda_driver.ts";
import type { Kernel } from "../../../engine/kernels/kernel.ts";
import { planLaunches } from "../../../engine/kernels/memory.ts";
import { printPtx } from "../../../engine/kernels/ptx.ts";
import { openEngine } from "../../../engine/mod.ts";
import { playedDriver } from "../../ptx/driver.ts";
import { playedEngine } from "../../ptx/interpreted_device.ts";
import { assertSameStep, networks } from "../../webgpu/networks.ts";
import { kernelCases } from "../lowering/kernel_cases.ts";
import { checkCase } from "../lowering/parity.ts";

const engine = playedEngine();

const firstOfEach = [...Map.groupBy(kernelCases, ({ kernel }) => kernel).values()]
  .map(([first]) => first!);
const withoutElements = kernelCases.filter(({ name }) => name === "from 3 to 3");

for (const testCase of [...firstOfEach, ...withoutElements]) {
  Deno.test(
    `${testCase.kernel} as PTX agrees with TensorFlow.js: ${testCase.name}`,
    () => checkCase(engine, testCase),
  );
}

Deno.test("kernels of one text run side by side only where they have as many workgroups", () => {
  const kernel = { reads: [], writes: [], after: [], lanes: 64, shared: [], body: [] };
  const kernels = [8, 2, 2].map((workgroups): Kernel => ({ ...kernel, name: "", workgroups }));
  const launches = planLaunches(kernels, (kernel) => printPtx(kernel));
  assert.deepEqual(
    launches.map(({ kernels }) => kernels.map(({ workgroups }) => workgroups)),
    [[8], [2, 2]],
  );
});

Deno.test("loss and gradients of a text network by interpreted PTX are the CPU's", async () =>
  assertSameStep(engine, await openEngine({ device: "cpu" }), networks["text, autoregressive"]!));

Deno.test("in tf32 they are to three digits", async () =>
  assertSameStep(
    playedEngine("tf32"),
    await openEngine({ device: "cpu" }),
    networks["text, autoregressive"]!,
    1e-2,
  ));

const refusals = {
  "no card": [{ count: 0 }, "NVIDIA's driver finds no card"],
  "a card before Volta": [
    { capability: 61, name: "GeForce GTX 1080" },
    "GeForce GTX 1080 has compute capability 6.1, and 7.0 is needed",
  ],
  "an old driver": [
    { version: 10020 },
    "NVIDIA's driver is for CUDA 10.2, and CUDA 11.4 is needed",
  ],
} as const;
for (const [what, [card, why]] of Object.entries(refusals)) {
  Deno.test(`cuda is refused for ${what}, with what to use`, () => {
    assert.throws(() => openCard("float32", playedDriver(card)), {
      name: "UserError",
      message: `Device cuda cannot be used here: ${why}; use webgpu or cpu`,
    });
  });
}
