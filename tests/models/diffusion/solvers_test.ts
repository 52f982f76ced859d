import assert from "node:assert/strict";
import fc from "fast-check";
import {
  alphasCumprod,
  alphaSigma,
  ddim,
  ddpm,
  gammaOfAlphaCumprod,
  schedule,
  type SolverStep,
} from "../../../models/diffusion/mod.ts";
import { assertClose } from "../assert_close.ts";
import { linearVariance } from "./gaussian.ts";
import reference from "./reference/diffusers.json" with { type: "json" };

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
  const solvers = [ddpm(), ddim(0), ddim(0.5), ddim(1)];
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
  for (const solver of [ddpm("small"), ddpm("large"), ddim(0), ddim(1)]) {
    assert.deepEqual(solver.start()(2, -Infinity), { z: 0, denoised: 1, noise: 0 });
  }
});

Deno.test("every solver can start from pure noise, where the signal is zero", () => {
  for (const solver of [ddpm("small"), ddpm("large"), ddim(0), ddim(1)]) {
    const { z, denoised, noise } = solver.start()(Infinity, 3);
    assert.ok([z, denoised, noise].every(Number.isFinite), solver.name);
    assertClose([denoised], [alphaSigma(3).alpha], { absolute: 1e-12 });
  }
});

Deno.test("ddim() says what eta may be", () => {
  assert.throws(() => ddim(1.5), {
    name: "UserError",
    message: "eta is 1.5: DDIM takes a value from 0 (no noise) to 1 (as DDPM)",
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
