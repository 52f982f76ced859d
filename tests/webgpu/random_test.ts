import assert from "node:assert/strict";
import { openEngine } from "../../engine/mod.ts";
import { checkRandomNumbers, worstNormal } from "../engine/random_numbers.ts";

const engine = await openEngine({ device: "webgpu" });

Deno.test("random numbers on WebGPU have the host's bits where they are uniform", async () => {
  await checkRandomNumbers(engine, { tolerance: 2e-4 });
});

// WGSL promises an absolute error of 2^-21 of logarithms near 1, which is 3e-4 where the radius is small, and
// 2^-11 of sines and cosines. Mesa's numbers are off by at most 8e-6.
Deno.test("normal numbers on WebGPU are the host's to four digits", async () => {
  const off = await worstNormal(engine, 2 ** 18 + 1);
  assert.ok(off < 2e-4, `${off}`);
});
