import assert from "node:assert/strict";
import { emaDecayAt, type Parameters, updateEma } from "../../../engine/host/mod.ts";

const scalar = (value: number): Parameters => ({
  x: { shape: [1], data: new Float32Array([value]) },
});

Deno.test("emaDecayAt() rises from 0.1 to its maximum and stays there", () => {
  assert.equal(emaDecayAt(0, 0.999), 0.1);
  assert.equal(emaDecayAt(8, 0.999), 0.5);
  assert.equal(emaDecayAt(1_000_000, 0.999), 0.999);
  assert.equal(emaDecayAt(0, 0), 0);
});

Deno.test("updateEma() converges on constant parameters at the rate of its decay", () => {
  const ema = scalar(1);
  for (let step = 0; step < 50; step++) updateEma(ema, scalar(3), 0.9);
  // float32 rounds each of the 50 updates.
  assert.ok(Math.abs(ema.x!.data[0]! - (3 - 2 * 0.9 ** 50)) < 1e-5);
});

Deno.test("updateEma() copies at decay 0, keeps at decay 1, and leaves the parameters alone", () => {
  const parameters = scalar(3);
  const ema = scalar(1);
  updateEma(ema, parameters, 1);
  assert.equal(ema.x!.data[0], 1);
  updateEma(ema, parameters, 0);
  assert.equal(ema.x!.data[0], 3);
  assert.deepEqual(parameters, scalar(3));
});

Deno.test("updateEma() calls averages of another model an internal error", () => {
  const other: Parameters = { x: { shape: [2], data: new Float32Array(2) } };
  assert.throws(
    () => updateEma(other, scalar(3), 0.9),
    /^Error: Internal: the average of `x` has 2 elements, the parameter has 1$/,
  );
  assert.throws(() => updateEma({}, scalar(3), 0.9), /the average of `x` has no elements/);
});
