import assert from "node:assert/strict";
import fc from "fast-check";
import { align } from "../../experiments/report/curves.ts";
import { thinned } from "../../experiments/store/metrics.ts";

const line = (steps: number[]) => steps.map((step) => ({ step, value: 2 * step }));

Deno.test("thinned() keeps both ends, the order and the count", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: 2, max: 60 }),
    (length, count) => {
      const points = line(Array.from({ length }, (_, i) => i));
      const kept = thinned({ loss: points }, count).loss!;
      assert.equal(kept.length, Math.min(length, count));
      assert.deepEqual([kept[0], kept.at(-1)], [points[0], points.at(-1)]);
      assert.ok(kept.every((point, i) => i === 0 || point.step > kept[i - 1]!.step));
    },
  ));
});

Deno.test("align() interpolates to common steps and leaves what is outside a curve empty", () => {
  const curves = new Map([["a", line([0, 10, 20])], ["b", line([5, 15])]]);
  assert.deepEqual(align("loss", curves, 50), {
    name: "loss",
    steps: [0, 5, 10, 15, 20],
    series: [
      { runId: "a", values: [0, 10, 20, 30, 40] },
      { runId: "b", values: [null, 10, 20, 30, null] },
    ],
  });
});

Deno.test("align() of long curves takes evenly spaced steps", () => {
  const curves = new Map([["a", line(Array.from({ length: 1000 }, (_, i) => i))]]);
  const { steps, series } = align("loss", curves, 4);
  assert.deepEqual(steps, [0, 333, 666, 999]);
  assert.deepEqual(series[0]!.values, [0, 666, 1332, 1998]);
});

Deno.test("align() finds in long curves what looking at every point finds", () => {
  const curve = fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 80 })
    .map((steps) => line(steps.sort((a, b) => a - b)));
  fc.assert(fc.property(
    fc.array(curve, { minLength: 1, maxLength: 4 }),
    fc.integer({ min: 2, max: 60 }),
    (curves, count) => {
      const { steps, series } = align("loss", new Map(curves.map((c, i) => [`${i}`, c])), count);
      const all = [...new Set(curves.flat().map(({ step }) => step))].sort((a, b) => a - b);
      if (all.length <= count) assert.deepEqual(steps, all);
      else assert.deepEqual([steps[0], steps.at(-1), steps.length], [all[0], all.at(-1), count]);
      for (const [i, { values }] of series.entries()) {
        const [first, last] = [curves[i]![0]!.step, curves[i]!.at(-1)!.step];
        steps.forEach((step, at) => {
          // The values are twice the steps, so that every interpolation is exact.
          const inside = step >= first && step <= last;
          assert.ok(inside ? Math.abs(values[at]! - 2 * step) < 1e-9 : values[at] === null);
        });
      }
    },
  ));
});
