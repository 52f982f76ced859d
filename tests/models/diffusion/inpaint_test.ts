import { repaintOrder } from "../../../models/diffusion/guidance.ts";
import assert from "node:assert/strict";
import { normals } from "../../../engine/mod.ts";
import {
  alphaSigma,
  type Inpainting,
  sampleDiffusion,
  type SamplerName,
  samplingLevels,
  schedule,
} from "../../../models/diffusion/mod.ts";
import { assertClose } from "../assert_close.ts";
import type { Denoise, SampleStep } from "../../../models/diffusion/sample.ts";

Deno.test("repaintOrder() takes every step once where nothing is resampled", () => {
  assert.deepEqual(repaintOrder(4, 2, 1), [0, 1, 2, 3]);
  assert.deepEqual(repaintOrder(1, 1, 10), [0]);
});

Deno.test("repaintOrder() repeats each segment, and takes the step to clean data once", () => {
  assert.deepEqual(repaintOrder(3, 1, 3), [0, 0, 0, 1, 1, 1, 2]);
  assert.deepEqual(repaintOrder(5, 2, 2), [0, 1, 0, 1, 2, 3, 2, 3, 4]);
  // What does not fill a stretch is left at the noisy end.
  assert.deepEqual(repaintOrder(6, 2, 2), [0, 1, 2, 1, 2, 3, 4, 3, 4, 5]);
});

Deno.test("repaintOrder() refuses counts that are none, and segments that do not fit the steps", () => {
  const cases: [Parameters<typeof repaintOrder>, RegExp][] = [
    [[5, 0, 2], /^jump_length is 0: it must be a whole number, at least 1/],
    [[5, 1, 1.5], /^resamples is 1\.5/],
    [[5, 5, 2], /^jump_length is 5 with 5 steps: .* a segment has at most 4/],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => repaintOrder(...args), { name: "UserError", message });
  }
});

/** Pairs of unit normal values with correlation ρ. */
const rho = 0.8;

/** E[x | z] for such pairs: α Σ (α² Σ + σ² I)⁻¹ z. */
const exactPairs: Denoise = (z, gamma) => {
  const { alpha, sigma } = alphaSigma(gamma);
  const own = alpha ** 2 + sigma ** 2, shared = alpha ** 2 * rho;
  const determinant = own ** 2 - shared ** 2;
  return Promise.resolve(z.map((a, i) => {
    const b = z[i ^ 1]!; // the other of the pair
    const towards = (own * a - shared * b) / determinant;
    const other = (own * b - shared * a) / determinant;
    return alpha * (towards + rho * other);
  }));
};

const pairs = 2000;
const known = Float32Array.from({ length: 2 * pairs }, (_, i) => i % 2 === 0 ? 1.5 : 99);
const mask = known.map((_, i) => i % 2 === 0 ? 1 : 0);

/** In-paints the second of every pair. */
async function inpainted(
  inpaint: Omit<Inpainting, "known" | "mask">,
  { steps = 50, sampler = "ddpm" as SamplerName, denoise = exactPairs } = {},
) {
  const taken: SampleStep[] = [];
  const levels = samplingLevels(schedule("cosine"), steps);
  const result = await sampleDiffusion(denoise, {
    sampler,
    levels,
    z: normals({ seed: 3, stream: "start", step: 0 }, known.length),
    noise: (draw) => normals({ seed: 3, stream: "noise", step: draw }, known.length),
    inpaint: { known, mask, ...inpaint },
    onStep: (step) => taken.push(step),
  });
  return { result, taken, levels };
}

const meanWhere = (values: Float32Array, wanted: number) =>
  values.reduce((sum, value, i) => mask[i] === wanted ? sum + value : sum, 0) / pairs;

Deno.test("RePaint keeps the known values exactly and gives the others their conditional mean", async () => {
  const { result } = await inpainted({ resamples: 20 });
  assert.ok(result.every((value, i) => mask[i] === 0 || value === 1.5));
  // E[x₂ | x₁ = 1.5] = 1.5 ρ, to four standard errors of the conditional distribution.
  const error = Math.sqrt((1 - rho ** 2) / pairs);
  assertClose([meanWhere(result, 0)], [1.5 * rho], { absolute: 4 * error });
});

Deno.test("replacing the known values without resampling misses the conditional mean", async () => {
  const { result } = await inpainted({ resamples: 1 });
  assert.ok(result.every((value, i) => mask[i] === 0 || value === 1.5));
  const mean = meanWhere(result, 0);
  assert.ok(mean > 0.5 * 1.5 * rho && mean < 0.75 * 1.5 * rho, `mean ${mean}`);
});

Deno.test("in-painting asks the denoiser at the level that the points are really at", async () => {
  const asked: number[] = [];
  const denoise: Denoise = (z, gamma, step, previous) => {
    asked.push(gamma);
    return exactPairs(z, gamma, step, previous);
  };
  const inpaint = { resamples: 3, jumpLength: 2 };
  const { taken, levels } = await inpainted(inpaint, { steps: 7, denoise });
  const order = repaintOrder(7, 2, 3);
  assert.deepEqual(asked, order.map((start) => levels[start]));
  assert.deepEqual(taken.map(({ gamma }) => gamma), order.map((start) => levels[start + 1]));
  assert.ok(taken.every(({ step, steps }, i) => step === i + 1 && steps === order.length));
  for (const { from: { gamma, z } } of taken) {
    // The known part is N(1.5 α, σ²), whether it was put in place or noised up again.
    const { alpha, sigma } = alphaSigma(gamma);
    assertClose([meanWhere(z, 1)], [1.5 * alpha], { absolute: 4.5 * sigma / Math.sqrt(pairs) });
    const variance = meanWhere(z.map((value) => (value - 1.5 * alpha) ** 2), 1);
    assertClose([variance], [sigma ** 2], { relative: 4.5 * Math.sqrt(2 / pairs) });
  }
});

Deno.test("a multistep sampler discards its last estimate when noise is added", async () => {
  // Its first step after each return must be DDIM's, as at the start.
  const { taken, levels } = await inpainted({ resamples: 2 }, { steps: 4, sampler: "dpmpp-2m" });
  for (const { from, denoised, z, gamma } of taken.filter((_, i) => i % 2 === 1)) {
    const t = alphaSigma(from.gamma), s = alphaSigma(gamma);
    const expected = from.z.map((value, i) =>
      s.alpha * denoised[i]! + s.sigma * (value - t.alpha * denoised[i]!) / t.sigma
    );
    const unknown = (values: Float32Array) => values.filter((_, i) => mask[i] === 0);
    assertClose(unknown(z), unknown(expected), { absolute: 1e-5 });
  }
  assert.equal(levels.length, 5);
});

Deno.test("in-painting refuses known values and masks that do not fit", async () => {
  const attempt = (inpaint: Partial<Inpainting>) =>
    sampleDiffusion(exactPairs, {
      sampler: "ddim",
      levels: [1, 0],
      z: new Float32Array(4),
      noise: () => new Float32Array(4),
      inpaint: { known: new Float32Array(4), mask: new Float32Array(4), ...inpaint },
    });
  const cases: [Partial<Inpainting>, string][] = [
    [{ known: new Float32Array(3) }, "known has 3 values for 4 in z: they must match"],
    [{ mask: new Float32Array(5) }, "mask has 5 values for 4 in z: they must match"],
    [
      { mask: Float32Array.of(0, 1, 0.5, 0) },
      "mask[2] is 0.5: a value is known (1) or sampled (0)",
    ],
  ];
  for (const [inpaint, message] of cases) {
    await assert.rejects(attempt(inpaint), { name: "UserError", message });
  }
});
