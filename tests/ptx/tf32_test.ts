import assert from "node:assert/strict";
import { normals, openEngine, tf, UserError } from "../../engine/mod.ts";
import { openCuda } from "../../engine/kernels/cuda.ts";
import { openCard } from "../../engine/kernels/cuda_driver.ts";
import { assertSameStep, networks } from "../webgpu/networks.ts";
import { distance } from "../engine/parity/agreement.ts";
import { playedDriver } from "./driver.ts";
import { tf32Bits } from "./fragments.ts";
import { cudaEngine } from "./interpreted_device.ts";

const cpu = await openEngine({ device: "cpu" });
const gpu = cudaEngine("tf32");

/** What rounding to 10 bits of mantissa changes a factor by at most, as a fraction of it. */
const TOLERANCE = 2 ** -11;

/** Rows, columns and terms that fill tiles, go beyond them, and have every number of warps. */
const products: readonly (readonly [rows: number, columns: number, terms: number])[] = [
  [16, 16, 16],
  [17, 9, 8],
  [24, 50, 33],
  [64, 64, 64],
  [70, 20, 100],
  [130, 65, 40],
];

for (const [rows, columns, terms] of products) {
  Deno.test(`in tf32 a product of ${rows}×${terms} by ${terms}×${columns} is off by the rounding of its factors`, async () => {
    const random = (stream: string, count: number) => normals({ seed: 1, stream, step: 0 }, count);
    const arrays = { x: random("x", rows * terms), y: random("y", terms * columns) };
    const signature = {
      x: { shape: [rows, terms], dtype: "float32" },
      y: { shape: [terms, columns], dtype: "float32" },
    } as const;
    const product = ({ x, y }: Record<string, tf.Tensor>) => ({
      z: tf.matMul(x as tf.Tensor2D, y as tf.Tensor2D),
    });
    const run = async (engine: typeof cpu, arrays: Record<string, Float32Array>) => {
      const program = await engine.compile(product, signature);
      const { z } = await program.run(arrays);
      await program.dispose();
      return z!.slice();
    };
    const actual = await run(gpu, arrays);
    const off = distance(actual, await run(cpu, arrays));
    assert.ok(off > 0 && off <= TOLERANCE, `off by ${off} of its norm`);
    // Of factors that tf32 holds, sums are in float32.
    const [a, b] = [arrays.x.map(toTf32), arrays.y.map(toTf32)];
    const exact = distance(actual, await run(cpu, { x: a, y: b }));
    assert.ok(exact <= 1e-6, `off by ${exact} of its norm`);
  });
}

function toTf32(x: number): number {
  return new Float32Array(Int32Array.of(tf32Bits(x)).buffer)[0]!;
}

for (const name of ["UNet", "text, autoregressive"]) {
  Deno.test(`in tf32 loss and gradients are the CPU's to three digits: ${name}`, () =>
    assertSameStep(gpu, cpu, networks[name]!, 1e-2));
}

Deno.test("rounding to tf32 keeps 10 bits, halves away from zero", () => {
  const unit = 2 ** -10;
  for (const sign of [1, -1]) {
    assert.equal(toTf32(sign * (1 + 0.49 * unit)), sign);
    assert.equal(toTf32(sign * (1 + 0.5 * unit)), sign * (1 + unit));
    assert.equal(toTf32(sign * (2 - 0.1 * unit)), sign * 2);
  }
  assert.equal(toTf32(Infinity), Infinity);
  assert.ok(Number.isNaN(toTf32(NaN)));
});

Deno.test("a card before Ampere is refused for tf32, and taken for float32", () => {
  const card = { name: "Tesla T4", capability: 75 };
  assert.equal(openCuda("float32", openCard("float32", playedDriver(card))).device, "cuda");
  assert.throws(() => openCard("tf32", playedDriver(card)), {
    name: "UserError",
    message:
      "Device cuda cannot be used here: Tesla T4 has compute capability 7.5, and precision " +
      '"tf32" needs 8.0; use precision "float32"',
  });
});

Deno.test("other devices are refused for tf32, with what to do", async () => {
  for (const device of ["cpu", "webgpu", "tensorflow"] as const) {
    await assert.rejects(openEngine({ device, precision: "tf32" }), (error: UserError) => {
      assert.equal(
        error.message,
        `precision is "tf32", which device ${device} does not have: use device cuda, or precision ` +
          '"float32"',
      );
      return error instanceof UserError;
    });
  }
});
