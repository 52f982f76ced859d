import { gammaOfAlphaCumprod } from "../../../models/diffusion/notation.ts";
import assert from "node:assert/strict";
import {
  alphaSigma,
  sampleDiffusion,
  samplingLevels,
  schedule,
} from "../../../models/diffusion/mod.ts";
import type { Denoise, SampleOptions, SampleStep } from "../../../models/diffusion/sample.ts";
import { assertClose } from "../assert_close.ts";
import { exactDenoiser, posteriorGain } from "./gaussian.ts";
import reference from "./reference/diffusers.json" with { type: "json" };

const { mu, s } = reference.problem;
const start = Float32Array.from(reference.problem.x_T.flat());

const noNoise = () => {
  throw new Error("A deterministic sampler asked for noise");
};

/** Samples, recording every step. */
async function trace(
  denoise: Denoise,
  options: Omit<SampleOptions, "onStep">,
) {
  const steps: SampleStep[] = [];
  const result = await sampleDiffusion(denoise, { ...options, onStep: (step) => steps.push(step) });
  return { result, steps };
}

Deno.test("DDIM with eta between 0 and 1 asks for noise at each step but the last", async () => {
  const asked: number[] = [];
  await sampleDiffusion(exactDenoiser({ mu, s }), {
    sampler: "ddim",
    options: { eta: 0.5 },
    levels: samplingLevels(schedule("linear"), 4),
    z: start,
    noise: (step) => (asked.push(step), new Float32Array(start.length)),
  });
  assert.deepEqual(asked, [1, 2, 3]);
});

Deno.test("sampleDiffusion() clips x̂ and re-derives the noise estimate from it", async () => {
  const levels = [3, 0];
  const wild: Denoise = () => Promise.resolve(Float32Array.of(-5, 0.25, 7));
  const z = Float32Array.of(1, 1, 1);
  const options = { sampler: "ddim", levels, z, noise: noNoise } as const;
  const { result, steps } = await trace(wild, { ...options, clip: [-1, 1] });
  assert.deepEqual([...steps[0]!.denoised], [-1, 0.25, 1]);
  const from = alphaSigma(3), to = alphaSigma(0);
  const expected = [-1, 0.25, 1].map((x) =>
    to.alpha * x + to.sigma * (1 - from.alpha * x) / from.sigma
  );
  assertClose(result, expected, { relative: 1e-6 });
  const open = await trace(wild, { ...options, clip: null });
  assert.deepEqual([...open.steps[0]!.denoised], [-5, 0.25, 7]);
});

Deno.test("sampleDiffusion() leaves its inputs alone and hands out arrays that stay as they are", async () => {
  const z = start.slice(), buffer = new Float32Array(z.length);
  const { result, steps } = await trace((z) => {
    buffer.set(z.map((value) => value / 2)); // one buffer for every step, as a program's outputs are
    return Promise.resolve(buffer);
  }, { sampler: "ddim", levels: [4, 2, 0], z, noise: noNoise });
  assert.deepEqual(z, start);
  assert.deepEqual(steps[0]!.denoised, start.map((value) => value / 2));
  assert.deepEqual(steps[1]!.denoised, steps[0]!.z.map((value) => value / 2));
  assert.equal(result, steps[1]!.z);
});

Deno.test("sampleDiffusion() reports each step with the level it reached", async () => {
  const levels = samplingLevels(schedule("cosine"), 3);
  const { steps } = await trace(exactDenoiser({ mu, s }), {
    sampler: "ddim",
    levels,
    z: start,
    noise: noNoise,
  });
  assert.deepEqual(
    steps.map(({ step, steps, gamma }) => [step, steps, gamma]),
    [[1, 3, levels[1]], [2, 3, levels[2]], [3, 3, -Infinity]],
  );
});

Deno.test("sampleDiffusion() reports what the denoiser was asked, and how often", async () => {
  const levels = samplingLevels(schedule("cosine"), 3);
  const asked: [Float32Array, number][] = [];
  const exact = exactDenoiser({ mu, s });
  const record: Denoise = (z, gamma, step, previous) => {
    asked.push([z, gamma]);
    return exact(z, gamma, step, previous);
  };
  const { steps } = await trace(record, { sampler: "heun", levels, z: start, noise: noNoise });
  // Two evaluations per step, one in the last.
  assert.deepEqual(steps.map(({ evaluations }) => evaluations), [2, 4, 5]);
  assert.deepEqual(
    asked.map(([, gamma]) => gamma),
    [levels[0], levels[1], levels[1], levels[2], levels[2]],
  );
  assert.deepEqual(
    steps.map(({ from }) => [from.z, from.gamma]),
    [asked[0], asked[2], asked[4]],
  );
  assert.equal(steps[1]!.from.z, steps[0]!.z);
  const churned = await trace(exact, {
    sampler: "heun",
    options: { churn: 0.1 },
    levels,
    z: start,
    noise: () => new Float32Array(start.length).fill(1),
  });
  const { gamma } = churned.steps[0]!.from;
  assertClose([gamma], [levels[0]! + 2 * Math.log(1.1)], { relative: 1e-12 });
});

Deno.test("sampleDiffusion() hands every estimate to the next call, for self-conditioning", async () => {
  const given: (Float32Array | undefined)[] = [], answers: Float32Array[] = [];
  const denoise: Denoise = (z, _gamma, _step, previous) => {
    given.push(previous);
    answers.push(z.map((value) => 3 * value));
    return Promise.resolve(answers.at(-1)!);
  };
  for (const sampler of ["ddim", "flow-heun"] as const) {
    given.length = answers.length = 0;
    const levels = samplingLevels(schedule("cosine"), 3);
    await trace(denoise, { sampler, levels, z: start, noise: noNoise, clip: [-1, 1] });
    const clipped = answers.map((x) => x.map((value) => Math.max(-1, Math.min(1, value))));
    assert.deepEqual(given, [undefined, ...clipped.slice(0, -1)]);
  }
});

Deno.test("sampleDiffusion() computes in the precision of its points", async () => {
  const options = { sampler: "dpmpp-2m", levels: [4, 2, 1, 0], noise: noNoise } as const;
  const z = Float64Array.from(start, (value) => value + 1e-12);
  const wide = await sampleDiffusion<Float64Array>(exactDenoiser({ mu, s }), { ...options, z });
  const narrow = await sampleDiffusion(exactDenoiser({ mu, s }), { ...options, z: start });
  assert.ok(wide instanceof Float64Array && narrow instanceof Float32Array);
  assertClose(narrow, wide, { absolute: 1e-6 });
  assert.notDeepEqual(Float64Array.from(Float32Array.from(wide)), wide);
});

Deno.test("image-to-image starts from the given points noised to the first level", async () => {
  const levels = samplingLevels(schedule("cosine"), 4, { from: 0.5 });
  const origin = start.map((_, i) => i / 10);
  const options = { sampler: "ddim", levels, z: start, noise: noNoise } as const;
  const { steps } = await trace(exactDenoiser({ mu, s }), { ...options, origin });
  const { alpha, sigma } = alphaSigma(levels[0]!);
  assertClose(steps[0]!.from.z, start.map((eps, i) => alpha * origin[i]! + sigma * eps), {
    absolute: 1e-6,
  });
  // From hardly any noise it comes back as it was, up to that noise.
  const near = samplingLevels(schedule("cosine"), 4, { from: 0.01 });
  const { result } = await trace(exactDenoiser({ mu, s }), { ...options, levels: near, origin });
  assertClose(result, origin, { absolute: 0.1 });
  await assert.rejects(
    trace(exactDenoiser({ mu, s }), { ...options, origin: new Float32Array(3) }),
    { name: "UserError", message: "origin has 3 values for 8 in z: they must match" },
  );
});

Deno.test("sampleDiffusion() stops at a value that is not finite, naming step and γ", async () => {
  const options: SampleOptions = {
    sampler: "ddim",
    levels: [4, 2, 0],
    z: start,
    noise: noNoise,
    clip: [-1, 1],
  };
  for (const bad of [NaN, Infinity]) {
    const denoise: Denoise = (z, _gamma, step) =>
      Promise.resolve(z.map((value, i) => step === 2 && i === 5 ? bad : value / 2));
    await assert.rejects(sampleDiffusion(denoise, options), {
      message: `Sampling stopped at step 2 of 2 (γ = 2.000): the denoiser returned ${bad}`,
    });
  }
});

Deno.test("sampleDiffusion() refuses a denoiser's answer of the wrong length", async () => {
  const short: Denoise = () => Promise.resolve(new Float32Array(3));
  await assert.rejects(
    sampleDiffusion(short, { sampler: "ddim", levels: [1, 0], z: start, noise: noNoise }),
    { message: "The denoiser returned 3 values for 8 at step 1 of 1 (γ = 1.000)" },
  );
});

Deno.test("sampleDiffusion() stops before the next evaluation once its signal is aborted", async () => {
  const controller = new AbortController();
  let evaluations = 0;
  const denoise: Denoise = (z) => (evaluations++, Promise.resolve(z));
  const sampling = sampleDiffusion(denoise, {
    sampler: "ddim",
    levels: samplingLevels(schedule("linear"), 10),
    z: start,
    noise: noNoise,
    signal: controller.signal,
    onStep: ({ step }) => step === 2 && controller.abort(new Error("Enough")),
  });
  await assert.rejects(sampling, { message: "Enough" });
  assert.equal(evaluations, 2);
});

Deno.test("sampleDiffusion() refuses levels that do not fall and options of the other sampler", async () => {
  const attempt = (options: Partial<SampleOptions>) =>
    sampleDiffusion(exactDenoiser({ mu, s }), {
      sampler: "ddim",
      levels: [1, 0],
      z: start,
      noise: noNoise,
      ...options,
    });
  const cases: [Partial<SampleOptions>, RegExp][] = [
    [{ levels: [1, 1] }, /levels\[1\] = 1 does not lie below levels\[0\] = 1/],
    [{ levels: [1, NaN] }, /levels\[1\] = NaN/],
    [{ levels: [1] }, /levels has 1 entries/],
    [{ options: { eta: -0.1 } }, /eta is -0\.1/],
    [
      { sampler: "ddpm", options: { eta: 0 } },
      /eta is 0 with sampler "ddpm": it belongs to "ddim", "euler-ancestral" and "dpmpp-2m-sde"/,
    ],
    [
      { options: { variance: "large" } },
      /variance is "large" with sampler "ddim": it belongs to "ddpm"/,
    ],
  ];
  for (const [options, message] of cases) {
    await assert.rejects(attempt(options), { name: "UserError", message });
  }
});

Deno.test("the Gaussian problem's exact denoiser is the regression of x on z", () => {
  // Cov(x, z)/Var(z) with z = αx + σε, at α² = 0.8
  const gamma = gammaOfAlphaCumprod(0.8);
  assertClose([posteriorGain(0.4, gamma)], [Math.sqrt(0.8) * 0.16 / (0.8 * 0.16 + 0.2)], {
    relative: 1e-12,
  });
});
