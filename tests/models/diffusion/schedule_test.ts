import assert from "node:assert/strict";
import fc from "fast-check";
import {
  alphasCumprod,
  alphaSigma,
  defineSchedule,
  gammaOfAlphaCumprod,
  noiseAngle,
  schedule,
  scheduleNames,
} from "../../../models/diffusion/mod.ts";
import { assertClose } from "../assert_close.ts";
import reference from "./reference/diffusers.json" with { type: "json" };

for (const name of scheduleNames) {
  Deno.test(`alphasCumprod("${name}") agrees with diffusers`, () => {
    const ours = alphasCumprod(name, reference.T);
    assertClose(
      reference.t.map((t) => ours[t]!),
      reference.alphas_cumprod[name],
      { absolute: 1e-9, relative: 1e-5 },
    );
  });

  Deno.test(`the ${name} schedule rises strictly and is finite at both ends`, () => {
    const { gamma } = schedule(name);
    assert.ok(Number.isFinite(gamma(0)) && Number.isFinite(gamma(1)));
    const time = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(fc.property(time, time, (a, b) => {
      fc.pre(Math.abs(a - b) > 1e-9);
      assert.equal(Math.sign(gamma(b) - gamma(a)), Math.sign(b - a));
    }));
  });

  Deno.test(`the ${name} schedule has the angles of its discrete view`, () => {
    const { gamma } = schedule(name);
    const discrete = alphasCumprod(name);
    // The cosine's last step is the one that the limit on β moves; the continuous view ends before.
    const last = name === "cosine" ? 998 : 999;
    // The linear product of (1 − β) and its closed form differ by at most Σ β²/2 ≈ 0.07 in log ᾱ.
    for (const k of [0, 1, 10, 100, 300, 500, 750, 900, last]) {
      const angle = noiseAngle(gammaOfAlphaCumprod(discrete[k]!));
      assertClose([noiseAngle(gamma(k / last))], [angle], { absolute: 1e-3 }, `${name} ${k}`);
    }
  });
}

Deno.test("the linear schedule is the closed form of its stochastic differential equation", () => {
  // log ᾱ(1) = −½·19.9 − 0.1, Song et al. 2021 (score SDE), equation 33
  const { alpha } = alphaSigma(schedule("linear").gamma(1));
  assertClose([Math.log(alpha ** 2)], [-10.05], { absolute: 1e-12 });
});

Deno.test("the cosine schedule ends at the discrete levels that its limit on β leaves alone", () => {
  const discrete = alphasCumprod("cosine");
  const { gamma } = schedule("cosine");
  assertClose([gamma(0)], [gammaOfAlphaCumprod(discrete[0]!)], { absolute: 1e-9 });
  assertClose([gamma(1)], [gammaOfAlphaCumprod(discrete[998]!)], { absolute: 1e-6 });
});

Deno.test("defineSchedule() refuses a schedule that turns back or is not finite", () => {
  const broken = (gamma: (t: number) => number) => () =>
    defineSchedule({ name: "linear", description: "", gamma });
  assert.throws(broken((t) => -t), /finite and strictly increasing/);
  assert.throws(broken((t) => Math.log(t)), /γ\(0\) = -Infinity/);
  assert.throws(broken((t) => t === 0.5 ? NaN : t), /γ\(0\.5\) = NaN/);
});
