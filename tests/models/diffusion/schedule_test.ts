import { hasZeroTerminalSnr, zeroTerminalSnr } from "../../../models/diffusion/schedules.ts";
import {
  edmSigma,
  flowTime,
  gammaOfAlphaCumprod,
  noiseAngle,
} from "../../../models/diffusion/notation.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { alphaSigma, schedule, scheduleNames } from "../../../models/diffusion/mod.ts";
import { assertClose } from "../assert_close.ts";
import { alphasCumprod, type DiscreteSchedule, rescaleToZeroTerminalSnr } from "./discrete.ts";
import reference from "./reference/diffusers.json" with { type: "json" };

for (const name of ["linear", "scaled-linear", "cosine"] as const) {
  Deno.test(`alphasCumprod("${name}") agrees with diffusers, zero terminal SNR included`, () => {
    const at = (view: Float64Array) => reference.t.map((t) => view[t]!);
    const tolerance = { absolute: 1e-9, relative: 1e-5 };
    assertClose(at(alphasCumprod(name, reference.T)), reference.alphas_cumprod[name], tolerance);
    const rescaled = alphasCumprod(name, reference.T, { zeroTerminalSnr: true });
    assertClose(at(rescaled), reference.alphas_cumprod_zero_terminal_snr[name], {
      absolute: 1e-8,
      relative: 1e-5,
    });
  });
}

Deno.test("rescaleToZeroTerminalSnr() agrees with diffusers on any ᾱ", () => {
  for (const name of ["linear", "scaled-linear", "cosine", "sigmoid"] as const) {
    // The formula needs the first and the last ᾱ only, so it can be checked on a selection.
    assertClose(
      rescaleToZeroTerminalSnr(reference.alphas_cumprod[name]),
      reference.alphas_cumprod_zero_terminal_snr[name],
      { absolute: 2e-7, relative: 2e-5 },
      name,
    );
  }
});

for (const name of scheduleNames) {
  Deno.test(`the ${name} schedule rises strictly, from a finite γ to a finite one or to +∞`, () => {
    for (const zeroTerminalSnr of [false, true]) {
      const { gamma } = schedule(name, { zeroTerminalSnr });
      assert.ok(Number.isFinite(gamma(0)));
      const endless = zeroTerminalSnr || name === "flow";
      assert.equal(gamma(1) === Infinity, endless);
      const levels = Array.from({ length: 257 }, (_, i) => gamma(i / 256));
      assert.ok(levels.every((level, i) => i === 0 || level > levels[i - 1]!));
      assert.ok(levels.slice(0, -1).every(Number.isFinite));
      const time = fc.double({ min: 0, max: 1, noNaN: true });
      fc.assert(fc.property(time, time, (a, b) => {
        fc.pre(Math.abs(a - b) > 1e-9);
        assert.equal(Math.sign(gamma(b) - gamma(a)), Math.sign(b - a));
      }));
    }
  });
}

const discreteSchedules: readonly DiscreteSchedule[] = [
  "linear",
  "scaled-linear",
  "cosine",
  "sigmoid",
  "sqrt",
];
for (const name of discreteSchedules) {
  Deno.test(`the ${name} schedule has the angles of its discrete view`, () => {
    for (const zeroTerminalSnr of [false, true]) {
      const { gamma } = schedule(name, { zeroTerminalSnr });
      const discrete = alphasCumprod(name, 1000, { zeroTerminalSnr });
      // The last step of a signal that reaches zero is the one that the limit on β moves; the
      // continuous view ends before.
      const last = ["cosine", "sigmoid", "sqrt"].includes(name) ? 998 : 999;
      // The linear product of (1 − β) and its closed form differ by at most Σ β²/2 ≈ 0.07 in log ᾱ.
      for (const k of [0, 1, 10, 100, 300, 500, 750, 900]) {
        const angle = noiseAngle(gammaOfAlphaCumprod(discrete[k]!));
        const where = `${name} ${k}${zeroTerminalSnr ? " rescaled" : ""}`;
        // Rescaling moves the two ends together only where both views end at the same level.
        const absolute = zeroTerminalSnr ? 0.015 : 1e-3;
        assertClose([noiseAngle(gamma(k / last))], [angle], { absolute }, where);
      }
    }
  });
}

Deno.test("the scaled linear schedule integrates a β whose square root is linear", () => {
  const root = (u: number) => Math.sqrt(0.1) + u * (Math.sqrt(20) - Math.sqrt(0.1));
  for (const t of [0, 0.3, 1]) {
    const u = (1 + 999 * t) / 1000, parts = 2000;
    const betas = Array.from({ length: parts }, (_, i) => root(u * (i + 0.5) / parts) ** 2);
    const integral = betas.reduce((sum, beta) => sum + beta, 0) * u / parts;
    const { alpha } = alphaSigma(schedule("scaled-linear").gamma(t));
    assertClose([Math.log(alpha ** 2)], [-integral], { relative: 1e-5 });
  }
});

Deno.test("the sigmoid and sqrt schedules have the ᾱ of their papers", () => {
  const alphaCumprod = (name: "sigmoid" | "sqrt", u: number) =>
    alphaSigma(schedule(name).gamma((1000 * u - 1) / 998)).alpha ** 2;
  // Symmetric about (½, ½); Jabri et al. 2023 with start −3 and end 3.
  assertClose([alphaCumprod("sigmoid", 0.5)], [0.5], { absolute: 1e-12 });
  assertClose([alphaCumprod("sigmoid", 0.2)], [0.8956799], { absolute: 1e-7 });
  assertClose([alphaCumprod("sigmoid", 0.2) + alphaCumprod("sigmoid", 0.8)], [1], {
    absolute: 1e-12,
  });
  // 1 − √(u + 1e-4) over its value 0.99 at u = 0.
  assertClose([alphaCumprod("sqrt", 0.25)], [0.499900010 / 0.99], { absolute: 1e-9 });
});

Deno.test("the edm schedule passes through Karras's noise levels", () => {
  const { gamma } = schedule("edm");
  const steps = 18;
  const levels = Array.from({ length: steps }, (_, i) => edmSigma(gamma(1 - i / (steps - 1))));
  const root = (i: number) => 80 ** (1 / 7) + i / (steps - 1) * (0.002 ** (1 / 7) - 80 ** (1 / 7));
  assertClose(levels, levels.map((_, i) => root(i) ** 7), { relative: 1e-9 });
});

Deno.test("the flow schedule is even in the time of straight lines and ends in pure noise", () => {
  const { gamma } = schedule("flow");
  for (const t of [0, 0.25, 0.5, 1]) {
    assertClose([flowTime(gamma(t))], [0.001 + 0.999 * t], { absolute: 1e-15 });
  }
  assert.deepEqual(alphaSigma(gamma(1)), { alpha: 0, sigma: 1 });
});

Deno.test("zeroTerminalSnr() keeps the clean end, and a schedule that ends in pure noise", () => {
  const { gamma } = schedule("linear", { zeroTerminalSnr: true });
  assertClose([gamma(0)], [schedule("linear").gamma(0)], { relative: 1e-12 });
  assert.equal(hasZeroTerminalSnr(schedule("linear")), false);
  assert.equal(hasZeroTerminalSnr(schedule("linear", { zeroTerminalSnr: true })), true);
  const flow = schedule("flow");
  assert.equal(zeroTerminalSnr(flow), flow);
});

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
