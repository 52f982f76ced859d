import { spacingNames } from "../../../models/diffusion/levels.ts";
import { edmSigma } from "../../../models/diffusion/notation.ts";
import assert from "node:assert/strict";
import { samplingLevels, schedule, scheduleNames } from "../../../models/diffusion/mod.ts";
import { assertClose } from "../assert_close.ts";
import diffusers from "./reference/diffusers.json" with { type: "json" };

const { gamma } = schedule("cosine");

Deno.test("samplingLevels() goes from the noisy end of the schedule to x̂ itself", () => {
  assert.deepEqual(samplingLevels(schedule("cosine"), 4), [
    gamma(1),
    gamma(0.75),
    gamma(0.5),
    gamma(0.25),
    -Infinity,
  ]);
});

for (const spacing of ["leading", "trailing"] as const) {
  Deno.test(`${spacing} levels lie at diffusers' timesteps, within one of 1000`, () => {
    const runs = diffusers.ddim.filter((run) => run.spacing === spacing);
    assert.ok(runs.length > 0);
    for (const { timesteps } of runs) {
      // A straight schedule shows the times themselves.
      const straight = { ...schedule("linear"), gamma: (t: number) => t };
      const levels = samplingLevels(straight, timesteps.length, { spacing });
      assertClose(levels.slice(0, -1), timesteps.map((k) => k / 999), { absolute: 1.001e-3 });
    }
  });
}

Deno.test("linspace levels take in both ends", () => {
  assert.deepEqual(samplingLevels(schedule("cosine"), 3, { spacing: "linspace" }), [
    gamma(1),
    gamma(0.5),
    gamma(0),
    -Infinity,
  ]);
  assert.deepEqual(samplingLevels(schedule("cosine"), 1, { spacing: "linspace" }), [
    gamma(1),
    -Infinity,
  ]);
});

Deno.test("karras levels are even in the 7th root of σ, between the schedule's own ends", () => {
  const levels = samplingLevels(schedule("linear"), 10, { spacing: "karras" });
  const roots = levels.slice(0, -1).map((gamma) => edmSigma(gamma) ** (1 / 7));
  const ends = [1, 0].map((t) => edmSigma(schedule("linear").gamma(t)) ** (1 / 7));
  assertClose([roots[0]!, roots.at(-1)!], ends, { relative: 1e-12 });
  const step = roots[1]! - roots[0]!;
  assertClose(roots, roots.map((_, i) => roots[0]! + i * step), { relative: 1e-12 });
  const cubic = samplingLevels(schedule("linear"), 3, { spacing: "karras", rho: 3 });
  const cubes = ends.map((root) => root ** (7 / 3));
  assertClose([edmSigma(cubic[1]!)], [((cubes[0]! + cubes[1]!) / 2) ** 3], { relative: 1e-12 });
});

Deno.test("from starts at a lower level, for image-to-image, in every spacing", () => {
  for (const spacing of spacingNames.filter((name) => name !== "leading")) {
    const levels = samplingLevels(schedule("cosine"), 5, { spacing, from: 0.6 });
    assertClose([levels[0]!], [gamma(0.6)], { relative: 1e-12 }, spacing);
  }
  const leading = samplingLevels(schedule("cosine"), 5, { spacing: "leading", from: 0.5 });
  assertClose([leading[0]!], [gamma(0.4)], { relative: 1e-12 });
});

Deno.test("samplingLevels() falls strictly on every schedule and spacing, or says why it cannot", () => {
  for (const name of scheduleNames) {
    for (const spacing of spacingNames) {
      const levels = () => samplingLevels(schedule(name), 12, { spacing });
      if (name === "flow" && spacing === "karras") {
        assert.throws(levels, {
          name: "UserError",
          message: /^spacing is "karras" with schedule "flow", which ends in pure noise/,
        });
        continue;
      }
      const values = levels();
      assert.equal(values.length, 13);
      assert.ok(
        values.every((value, i) => i === 0 || value < values[i - 1]!),
        `${name} ${spacing}`,
      );
    }
  }
});

Deno.test("samplingLevels() refuses rho where the spacing has none", () => {
  assert.throws(() => samplingLevels(schedule("cosine"), 5, { rho: 7 }), {
    name: "UserError",
    message: 'rho is 7 with spacing "trailing": it belongs to "karras", leave it out',
  });
});
