import assert from "node:assert/strict";
import { criticalT, errorOfMean, spreadOf } from "../../experiments/common/statistics.ts";

/** ∫ cosⁿ from 0 to an angle, by Simpson's rule. */
function integral(n: number, angle: number): number {
  const pieces = 2000;
  const h = angle / pieces;
  let sum = 1 + Math.cos(angle) ** n;
  for (let i = 1; i < pieces; i++) sum += (i % 2 ? 4 : 2) * Math.cos(i * h) ** n;
  return sum * h / 3;
}

Deno.test("spreadOf() gives equal values no deviation, although their computed mean is rounded", () => {
  const values = [0.1, 0.1, 0.1];
  assert.notEqual((0.1 + 0.1 + 0.1) / 3, 0.1);
  assert.deepEqual(spreadOf(values).sd, 0);
  assert.equal(errorOfMean({ n: 3, ...spreadOf(values) }), null, "no interval of width zero");
  assert.deepEqual(spreadOf([1, 3]), { mean: 2, sd: Math.SQRT2 });
});

Deno.test("criticalT() leaves 5 % of Student's t beyond it, on both sides together", () => {
  for (let freedom = 1; freedom <= 30; freedom++) {
    // With t = √ν tan θ, the density of t is proportional to cos θ to the power of ν − 1.
    const angle = Math.atan(criticalT(freedom) / Math.sqrt(freedom));
    const within = integral(freedom - 1, angle) / integral(freedom - 1, Math.PI / 2);
    assert.ok(Math.abs(within - 0.95) < 1e-8, `${freedom}: ${within}`);
  }
  assert.ok(Math.abs(criticalT(1) - Math.tan(0.475 * Math.PI)) < 1e-6);
  assert.ok(Math.abs(criticalT(2) - 0.95 * Math.sqrt(2 / (1 - 0.95 ** 2))) < 1e-6);
});

Deno.test("criticalT() errs to caution between whole numbers and beyond thirty", () => {
  assert.equal(criticalT(2.9), criticalT(2));
  assert.equal(criticalT(400), criticalT(30));
  assert.equal(criticalT(0.9), criticalT(1));
});
