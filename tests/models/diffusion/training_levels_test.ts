import { edmSigma, flowTime } from "../../../models/diffusion/notation.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  schedule,
  stratifiedTimes,
  timeSamplingNames,
  trainingLevel,
} from "../../../models/diffusion/mod.ts";
import { normalQuantile } from "../../../models/diffusion/levels.ts";
import { assertClose } from "../assert_close.ts";

Deno.test("stratifiedTimes() puts exactly one time in each N-th of [0, 1)", () => {
  const offset = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(fc.property(offset, fc.integer({ min: 1, max: 200 }), (offset, count) => {
    const times = Array.from(stratifiedTimes(offset, count)).sort((a, b) => a - b);
    const first = times[0]!;
    assert.ok(first >= 0 && first < 1 / count + 1e-9 && times.at(-1)! < 1);
    assertClose(times, times.map((_, i) => first + i / count), { absolute: 1e-9 });
  }));
});

Deno.test("normalQuantile() inverts the normal distribution function", () => {
  // Tabulated: 1.959963984540054 is the 97.5 % point.
  const known: [number, number][] = [
    [0.5, 0],
    [0.975, 1.959963984540054],
    [0.025, -1.959963984540054],
    [0.995, 2.5758293035489004],
    [1e-6, -4.753424308822899],
    [0.02, -2.053748910631823],
    [0.84134474606854293, 1],
  ];
  for (const [u, z] of known) assertClose([normalQuantile(u)], [z], { relative: 2e-9 }, `${u}`);
});

/** Mean and deviation of values. */
function moments(values: Float64Array): [mean: number, deviation: number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return [mean, Math.sqrt(variance)];
}

Deno.test("uniform training levels are the schedule's own", () => {
  const level = trainingLevel(schedule("cosine"));
  for (const u of [0, 0.3, 1]) assert.equal(level(u), schedule("cosine").gamma(u));
});

Deno.test("logit-normal training levels have a normal logit of time", () => {
  const times = stratifiedTimes(0.5 / 1000, 1000);
  const level = trainingLevel(schedule("flow"), "logit-normal");
  // The flow schedule's t begins at 0.001.
  const t = times.map((u) => (flowTime(level(u)) - 0.001) / 0.999);
  assertClose(moments(t.map((t) => Math.log(t / (1 - t)))), [0, 1], { absolute: 3e-3 });
});

Deno.test("log-normal training levels have a normal ln σ, EDM's by default, whatever the schedule", () => {
  const times = stratifiedTimes(0.5 / 1000, 1000);
  for (const name of ["cosine", "edm"] as const) {
    const level = trainingLevel(schedule(name), "log-normal");
    const logs = times.map((u) => Math.log(edmSigma(level(u))));
    assertClose(moments(logs), [-1.2, 1.2], { absolute: 3e-3 });
  }
});

Deno.test("training levels grow with u and are finite from the first uniform number to the last", () => {
  const number = fc.double({ min: 0, max: 1 - 2 ** -24, noNaN: true });
  for (const sampling of timeSamplingNames) {
    const level = trainingLevel(schedule("flow"), sampling);
    assert.ok(Number.isFinite(level(0)) && Number.isFinite(level(1 - 2 ** -24)), sampling);
    fc.assert(fc.property(number, number, (a, b) => {
      fc.pre(b - a > 1e-6);
      assert.ok(level(b) > level(a));
    }));
  }
});
