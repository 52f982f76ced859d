import assert from "node:assert/strict";
import { blockSize } from "../../../engine/onnx/blocked_layout.ts";
import { openSession } from "../../../engine/onnx/session.ts";
import { openEngine } from "../../../engine/mod.ts";
import { assertAgree, distance, norm, onBoth } from "./agreement.ts";
import { digitsStep } from "./digits.ts";
import type { ImageSize } from "../../../models/image/shape.ts";

const engine = await openEngine({ device: "cpu" });

// One number added to every key of a query adds the same to all its scores, which the softmax
// ignores, so the gradient of this bias is zero.
const keyBias = "grad/attend.key.bias";

// Width 8 never fills a block of the runtime's layout; from width 16 on, most layers do.
const cases: readonly (readonly [ImageSize, readonly [number, number, number]])[] = [
  ["tiny", [1, 28, 28]],
  ["tiny", [3, 12, 8]],
  ["mini", [1, 12, 12]],
  ["mini", [2, 8, 12]],
];

for (const [size, batch] of cases) {
  Deno.test(`loss and gradients of the ${size} UNet at [${batch}] are TensorFlow.js's`, async () => {
    const { fn, inputs } = await digitsStep(size, batch);
    const { actual, expected } = await onBoth(engine, fn, inputs);
    assert.equal(Object.keys(expected).length, 1 + Object.keys(inputs.signature).length - 6);
    assertAgree(actual, expected, 1e-4, {
      names: [keyBias],
      scale: norm(expected["grad/attend.key.weight"]!),
    });
  });
}

Deno.test("the blocked layout changes the UNet's gradients by rounding only", async () => {
  const { fn, inputs } = await digitsStep("mini", [1, 28, 28]);
  const program = await engine.compile(fn, inputs.signature);
  const blocked = await program.run(inputs.arrays);
  // The exported graph is the portable one.
  const plain = await openSession(program.toOnnx(), program.inputs, program.outputs);
  for (const [name, array] of Object.entries(inputs.arrays)) plain.inputs[name]!.set(array);
  await plain.run();
  for (const [name, values] of Object.entries(plain.outputs)) {
    if (name === keyBias) continue;
    const off = distance(blocked[name]!, values);
    assert.ok(off <= 1e-4, `${name} is off by ${off} of its norm`);
  }
  const same = Object.entries(plain.outputs).every(([name, values]) =>
    values.every((value, i) => value === blocked[name]![i])
  );
  // Where there is no such layout, the two are one graph.
  assert.equal(same, await blockSize() === 0);
  await plain.release();
  await program.dispose();
});
