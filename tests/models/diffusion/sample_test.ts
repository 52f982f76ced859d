import assert from "node:assert/strict";
import { normals } from "../../../engine/mod.ts";
import {
  alphasCumprod,
  alphaSigma,
  ddpm,
  type Denoise,
  gammaOfAlphaCumprod,
  sampleDiffusion,
  type SampleOptions,
  type SampleStep,
  samplingLevels,
  schedule,
  type ScheduleName,
} from "../../../models/diffusion/mod.ts";
import { assertClose } from "../assert_close.ts";
import { exactDenoiser, exactFlow, linearVariance, posteriorGain } from "./gaussian.ts";
import reference from "./reference/diffusers.json" with { type: "json" };

const { mu, s } = reference.problem;
const start = Float32Array.from(reference.problem.x_T.flat());

const noNoise = () => {
  throw new Error("A deterministic sampler asked for noise");
};

/** Samples, recording every step. */
async function trace(denoise: Denoise, options: Omit<SampleOptions, "onStep">) {
  const steps: SampleStep[] = [];
  const result = await sampleDiffusion(denoise, { ...options, onStep: (step) => steps.push(step) });
  return { result, steps };
}

for (const { schedule: name, spacing, prediction, timesteps, trajectory } of reference.ddim) {
  Deno.test(
    `DDIM follows diffusers: ${name}, ${timesteps.length} ${spacing} steps, ${prediction}`,
    async () => {
      const discrete = alphasCumprod(name as ScheduleName, reference.T);
      const levels = timesteps.map((t) => gammaOfAlphaCumprod(discrete[t]!));
      const { result, steps } = await trace(exactDenoiser({ mu, s }), {
        sampler: "ddim",
        levels: [...levels, -Infinity],
        z: start,
        noise: noNoise,
      });
      // float32 points here, float32 betas there.
      const tolerance = { absolute: 1e-5, relative: 1e-5 };
      steps.forEach(({ z, step }) =>
        assertClose(z, trajectory[step]!, tolerance, `z after step ${step}`)
      );
      assertClose(result, trajectory.at(-1)!, tolerance);
    },
  );
}

Deno.test("DDIM converges to the probability-flow ODE at first order", async () => {
  const { gamma } = schedule("cosine");
  const [from, to] = [gamma(0.95), gamma(0.05)];
  const exact = exactFlow({ mu, s }, start, from, to);
  const errorAt = async (steps: number) => {
    const levels = Array.from({ length: steps + 1 }, (_, i) => gamma(0.95 - 0.9 * i / steps));
    const end = await sampleDiffusion(exactDenoiser({ mu, s }), {
      sampler: "ddim",
      levels,
      z: start,
      noise: noNoise,
    });
    return Math.hypot(...end.map((value, i) => value - exact[i]!));
  };
  const order = Math.log2(await errorAt(40) / await errorAt(80));
  assert.ok(order > 0.9 && order < 1.1, `order ${order}`);
});

for (const variance of ["small", "large"] as const) {
  Deno.test(`DDPM draws Gaussian data with its mean and variance (${variance})`, async () => {
    const count = 20_000, mean = 0.3;
    const levels = samplingLevels(schedule("cosine"), 100);
    const end = await sampleDiffusion(exactDenoiser({ mu: [mean], s }), {
      sampler: "ddpm",
      variance,
      levels,
      z: normals({ seed: 1, stream: "start", step: 0 }, count),
      noise: (step) => normals({ seed: 1, stream: "noise", step }, count),
    });
    const average = end.reduce((sum, value) => sum + value, 0) / count;
    const spread = end.reduce((sum, value) => sum + (value - average) ** 2, 0) / count;
    // Four standard errors around the data's mean, and around the variance that so many steps have
    // in theory (that this closes in on s² is tested with the solvers).
    assertClose([average], [mean], { absolute: 4 * s / Math.sqrt(count) });
    const expected = linearVariance(ddpm(variance), s, levels);
    assertClose([spread], [expected], { relative: 4 * Math.sqrt(2 / count) });
    assertClose([expected], [s ** 2], { relative: 0.1 });
  });
}

Deno.test("DDIM with eta between 0 and 1 asks for noise at each step but the last", async () => {
  const asked: number[] = [];
  await sampleDiffusion(exactDenoiser({ mu, s }), {
    sampler: "ddim",
    eta: 0.5,
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
    [{ eta: -0.1 }, /eta is -0\.1/],
    [
      { sampler: "ddpm", eta: 0 },
      /eta is 0 with sampler "ddpm": it belongs to "ddim" and "euler-ancestral"/,
    ],
    [{ variance: "large" }, /variance is "large" with sampler "ddim": it belongs to "ddpm"/],
  ];
  for (const [options, message] of cases) {
    await assert.rejects(attempt(options), { name: "UserError", message });
  }
});

Deno.test("samplingLevels() walks the schedule from its noisy end and ends on x̂ itself", () => {
  const { gamma } = schedule("cosine");
  assert.deepEqual(samplingLevels(schedule("cosine"), 4), [
    gamma(1),
    gamma(0.75),
    gamma(0.5),
    gamma(0.25),
    -Infinity,
  ]);
  for (const steps of [0, 2.5, -1, NaN]) {
    assert.throws(() => samplingLevels(schedule("cosine"), steps), {
      name: "UserError",
      message: `steps is ${steps}: sampling needs a whole number of steps, at least 1`,
    });
  }
});

Deno.test("the Gaussian problem's exact denoiser is the regression of x on z", () => {
  // Cov(x, z)/Var(z) with z = αx + σε, at α² = 0.8
  const gamma = gammaOfAlphaCumprod(0.8);
  assertClose([posteriorGain(0.4, gamma)], [Math.sqrt(0.8) * 0.16 / (0.8 * 0.16 + 0.2)], {
    relative: 1e-12,
  });
});
