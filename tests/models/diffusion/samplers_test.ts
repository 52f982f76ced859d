import { type SolverStep } from "../../../models/diffusion/samplers.ts";
import {
  edmSigma,
  flowTime,
  gammaOfAlphaCumprod,
  viewScale,
} from "../../../models/diffusion/notation.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  alphaSigma,
  samplerNames,
  samplers,
  schedule,
  solver,
} from "../../../models/diffusion/mod.ts";
import { alphasCumprod } from "./discrete.ts";
import { assertClose } from "../assert_close.ts";
import { linearVariance } from "./gaussian.ts";
import reference from "./reference/diffusers.json" with { type: "json" };

const ddpm = (variance?: "small" | "large") => solver("ddpm", { variance });
const ddim = (eta?: number) => solver("ddim", { eta });
const euler = (churn?: number) => solver("euler", { churn });
const eulerAncestral = (eta?: number) => solver("euler-ancestral", { eta });
const heun = () => solver("heun");
const flowHeun = () => solver("flow-heun");
const dpmpp2m = () => solver("dpmpp-2m");
const dpmpp2mSde = (eta?: number) => solver("dpmpp-2m-sde", { eta });

/** Two noise levels, the noisier first. */
const levels = fc.tuple(
  fc.double({ min: -10, max: 10, noNaN: true }),
  fc.double({ min: 1e-3, max: 8, noNaN: true }),
).map(([clean, gap]) => [clean + gap, clean] as const);

const asRow = ({ z, denoised, noise }: ReturnType<SolverStep>) => [z, denoised, noise];

Deno.test("ddpm() has the posterior coefficients and both variances of diffusers", () => {
  const level = Array.from(alphasCumprod("linear"), gammaOfAlphaCumprod);
  for (const row of reference.ddpm_posterior_linear) {
    const [from, to] = [level[row.t]!, level[row.t - 1]!];
    const small = ddpm("small").start()(from, to), large = ddpm("large").start()(from, to);
    assertClose(
      [small.denoised, small.z, small.noise ** 2, large.denoised, large.z, large.noise ** 2],
      [
        ...[row.coef_x0, row.coef_xt, row.variance_small],
        ...[row.coef_x0, row.coef_xt, row.variance_large],
      ],
      // The reference takes β = 1 − ᾱ_t/ᾱ_{t−1} in float32, so to about 1e-7/β.
      { relative: 2e-7 / row.variance_large },
      `t = ${row.t}`,
    );
  }
});

Deno.test("ddim(1) is ddpm with the small variance at any two levels", () => {
  const [implicit, ancestral] = [ddim(1).start(), ddpm("small").start()];
  fc.assert(fc.property(levels, ([from, to]) => {
    assertClose(asRow(implicit(from, to)), asRow(ancestral(from, to)), {
      absolute: 1e-12,
      relative: 1e-9,
    });
  }));
});

Deno.test("every solver keeps the marginal: an exact x̂ = x takes αx + σε to its like", () => {
  // With x̂ = x the point α_t x + σ_t ε must become α_s x plus noise of total variance σ_s²;
  // the large variance alone promises more.
  const solvers = [
    ...[ddpm(), ddim(0), ddim(0.5), ddim(1)],
    ...[dpmpp2m(), dpmpp2mSde(), dpmpp2mSde(0.5)],
  ];
  fc.assert(fc.property(levels, ([from, to]) => {
    const t = alphaSigma(from), s = alphaSigma(to);
    for (const solver of solvers) {
      const { z, denoised, noise } = solver.start()(from, to);
      assertClose(
        [z * t.alpha + denoised, Math.hypot(z * t.sigma, noise)],
        [s.alpha, s.sigma],
        { absolute: 1e-10 },
        solver.name,
      );
    }
  }));
});

Deno.test("every solver's step to γ = −∞ is x̂ itself, without noise", () => {
  const solvers = [ddpm("small"), ddpm("large"), ddim(0), ddim(1), heun(), flowHeun()];
  for (const solver of solvers) {
    assert.deepEqual(solver.start()(2, -Infinity), { z: 0, denoised: 1, noise: 0 }, solver.name);
  }
  for (const solver of [dpmpp2m(), dpmpp2mSde(), dpmpp2mSde(0.5)]) {
    const multistep = solver.start();
    multistep(4, 2);
    assertClose(
      Object.values(multistep(2, -Infinity)),
      [0, 1, 0, 0], // z, denoised, previous, noise
      {},
      solver.name,
    );
  }
});

Deno.test("every solver can start from pure noise, where the signal is zero", () => {
  for (const name of samplerNames.filter((name) => !samplers[name].finiteStart)) {
    const advance = solver(name).start();
    const { z, denoised, noise, corrected } = advance(Infinity, 3);
    const coefficients = [z, denoised, noise, ...corrected ? Object.values(corrected) : []];
    assert.ok(coefficients.every(Number.isFinite), name);
    assertClose([denoised], [alphaSigma(3).alpha], { absolute: 1e-12 });
    const { noise: _, ...next } = advance(3, 2);
    assert.ok(Object.values(next).flatMap(Object.values).every(Number.isFinite), name);
  }
});

Deno.test("heun() says that EDM's σ has no value in pure noise", () => {
  assert.throws(() => heun().start()(Infinity, 3), {
    name: "UserError",
    message: /^sampler is "heun" and levels start from pure noise .* use "flow-heun"/,
  });
});

Deno.test("solver() refuses options of other samplers and values out of range", () => {
  const cases: [Parameters<typeof solver>, string][] = [
    [
      ["dpmpp-2m", { eta: 0.5 }],
      'eta is 0.5 with sampler "dpmpp-2m": it belongs to "ddim", "euler-ancestral" ' +
      'and "dpmpp-2m-sde", leave it out',
    ],
    [
      ["ddpm", { churn: 0.1 }],
      'churn is 0.1 with sampler "ddpm": it belongs to "euler" and "heun", leave it out',
    ],
    [
      ["heun", { churn: 0.5 }],
      'churn is 0.5 with sampler "heun", but must be a number from 0 to 0.4142',
    ],
  ];
  for (const [[name, options], message] of cases) {
    assert.throws(() => solver(name, options), { name: "UserError", message });
  }
});

Deno.test("Euler's step is the same in EDM's σ, in flow's t, and as DDIM", () => {
  fc.assert(fc.property(levels, ([from, to]) => {
    const { z, denoised, noise } = euler().start()(from, to);
    assert.equal(noise, 0);
    for (const view of ["edm", "flow"] as const) {
      const coordinate = view === "edm" ? edmSigma : flowTime;
      const [t, s] = [coordinate(from), coordinate(to)];
      // The slope is (z' − x̂)/τ in both views: ε̂ in σ', û = ε̂ − x̂ in t.
      const [kappaT, kappaS] = [viewScale[view](from), viewScale[view](to)];
      const expected = [(1 + (s - t) / t) * kappaT / kappaS, (t - s) / t / kappaS];
      assertClose([z, denoised], expected, { absolute: 1e-9, relative: 1e-9 }, view);
    }
    assert.deepEqual(ddim(0).start()(from, to), { z, denoised, noise });
  }));
});

Deno.test("DPM-Solver++ 2M for the SDE is DDIM with its noise in the first step, 2M without", () => {
  fc.assert(fc.property(levels, ([from, to]) => {
    const near = { absolute: 1e-12, relative: 1e-9 };
    assertClose(asRow(dpmpp2mSde(1).start()(from, to)), asRow(ddim(1).start()(from, to)), near);
    const [sde, ode] = [dpmpp2mSde(0).start(), dpmpp2m().start()];
    for (const [t, s] of [[from + 1, from], [from, to]] as const) {
      assert.deepEqual(sde(t, s), ode(t, s));
    }
  }));
});

Deno.test("Heun's step averages the slopes at both ends, in EDM's σ and in flow's t", () => {
  const value = fc.double({ min: -2, max: 2, noNaN: true });
  fc.assert(fc.property(levels, value, value, value, ([from, to], z, x1, x2) => {
    for (const view of ["edm", "flow"] as const) {
      const coordinate = view === "edm" ? edmSigma : flowTime;
      const [t, s] = [coordinate(from), coordinate(to)];
      const [kappaT, kappaS] = [viewScale[view](from), viewScale[view](to)];
      const start = kappaT * z;
      const slope = (start - x1) / t;
      const predicted = start + (s - t) * slope;
      const expected = start + (s - t) * (slope + (predicted - x2) / s) / 2;
      const { corrected } = (view === "edm" ? heun() : flowHeun()).start()(from, to);
      const reached = corrected!.z * z + corrected!.denoised * x2 + corrected!.previous! * x1;
      const size = Math.abs(expected / kappaS) + Math.abs(corrected!.denoised) + 1;
      assertClose([reached], [expected / kappaS], { absolute: 1e-8 * size }, view);
    }
  }));
});

Deno.test("Euler-ancestral is k-diffusion's: down to σ_down, then noise σ_up", () => {
  fc.assert(fc.property(levels, fc.double({ min: 0, max: 1, noNaN: true }), ([from, to], eta) => {
    const [t, s] = [edmSigma(from), edmSigma(to)];
    const up = eta * Math.sqrt(s ** 2 * (t ** 2 - s ** 2) / t ** 2);
    const down = Math.sqrt(s ** 2 - up ** 2);
    const { alpha: alphaT } = alphaSigma(from), { alpha: alphaS } = alphaSigma(to);
    assertClose(
      asRow(eulerAncestral(eta).start()(from, to)),
      [alphaS / alphaT * down / t, alphaS * (1 - down / t), alphaS * up],
      { absolute: 1e-7 }, // σ_t² − σ_s² cancels where they are close
    );
  }));
});

Deno.test("churn raises σ by its part and keeps the marginal", () => {
  fc.assert(
    fc.property(levels, fc.double({ min: 1e-3, max: 0.4, noNaN: true }), ([from], churn) => {
      const { raise } = euler(churn).start()(from, from - 1);
      assertClose([edmSigma(raise!.gamma)], [edmSigma(from) * (1 + churn)], { relative: 1e-9 });
      const t = alphaSigma(from), up = alphaSigma(raise!.gamma);
      assertClose(
        [raise!.z * t.alpha, Math.hypot(raise!.z * t.sigma, raise!.noise)],
        [up.alpha, up.sigma],
        { relative: 1e-9 },
      );
    }),
  );
});

Deno.test("solver() says what eta may be", () => {
  assert.throws(() => ddim(1.5), {
    name: "UserError",
    message: 'eta is 1.5 with sampler "ddim", but must be a number from 0 to 1',
  });
  assert.throws(() => ddim(NaN), { name: "UserError" });
});

Deno.test("the two DDPM variances bracket the data's, and close in on it with more steps", () => {
  // Ho et al. 2020, section 3.2: β̃ and β are the lower and upper bounds for data between a point
  // and unit normal.
  const s = 0.4, { gamma } = schedule("cosine");
  const excess = (variance: "small" | "large", steps: number) => {
    const levels = Array.from({ length: steps + 1 }, (_, i) => gamma(1 - i / steps));
    const { alpha, sigma } = alphaSigma(levels.at(-1)!);
    return linearVariance(ddpm(variance), s, levels) - (alpha ** 2 * s ** 2 + sigma ** 2);
  };
  for (const steps of [25, 100, 400]) {
    assert.ok(excess("small", steps) < 0 && excess("large", steps) > 0, `${steps} steps`);
  }
  // First order: four times the steps, a quarter of the error.
  for (const variance of ["small", "large"] as const) {
    const ratio = excess(variance, 100) / excess(variance, 400);
    assert.ok(ratio > 3.5 && ratio < 4.5, `${variance}: ${ratio}`);
  }
});
