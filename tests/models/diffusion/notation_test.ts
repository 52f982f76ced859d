import { gammaOfAlphaCumprod, noiseAngle, snr } from "../../../models/diffusion/notation.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { alphaSigma, noiseInputs } from "../../../models/diffusion/mod.ts";
import { assertClose } from "../assert_close.ts";

const anyGamma = fc.double({ min: -30, max: 30, noNaN: true });

Deno.test("alphaSigma() preserves variance: alpha² + sigma² is 1", () => {
  fc.assert(fc.property(anyGamma, (gamma) => {
    const { alpha, sigma } = alphaSigma(gamma);
    assertClose([alpha ** 2 + sigma ** 2], [1], { absolute: 1e-15 });
  }));
});

Deno.test("alphaSigma() has the ratio that snr() states, far into both ends", () => {
  fc.assert(fc.property(anyGamma, (gamma) => {
    const { alpha, sigma } = alphaSigma(gamma);
    assertClose([alpha ** 2 / sigma ** 2], [snr(gamma)], { relative: 1e-12 });
  }));
});

Deno.test("alphaSigma() is exactly clean at γ = −∞ and exactly noise at γ = +∞", () => {
  assert.deepEqual(alphaSigma(-Infinity), { alpha: 1, sigma: 0 });
  assert.deepEqual(alphaSigma(Infinity), { alpha: 0, sigma: 1 });
});

Deno.test("gammaOfAlphaCumprod() inverts alpha² from nearly clean to nearly noise", () => {
  fc.assert(fc.property(anyGamma, (gamma) => {
    // Above 1 − 2⁻⁵³ float64 itself rounds ᾱ, so the clean end is as exact as ᾱ can be.
    const level = 1 / (1 + Math.exp(gamma));
    const absolute = 1e-12 + 2 ** -52 * Math.exp(-gamma);
    assertClose([gammaOfAlphaCumprod(level)], [gamma], { absolute });
  }));
});

Deno.test("noiseAngle() is t under the plain cosine schedule", () => {
  for (const t of [1e-6, 0.1, 0.25, 0.5, 0.8, 0.999]) {
    const gamma = 2 * Math.log(Math.tan(Math.PI * t / 2)); // α = cos(πt/2), σ = sin(πt/2)
    assertClose([noiseAngle(gamma)], [t], { absolute: 1e-14 });
  }
});

Deno.test("noiseInputs() gives each example its amplitudes and angle in float32", () => {
  const gammas = [-3, 0, 5];
  const { alpha, sigma, angle } = noiseInputs(gammas);
  assert.deepEqual(alpha, new Float32Array(gammas.map((gamma) => alphaSigma(gamma).alpha)));
  assert.deepEqual(sigma, new Float32Array(gammas.map((gamma) => alphaSigma(gamma).sigma)));
  assert.deepEqual(angle, new Float32Array(gammas.map(noiseAngle)));
});
