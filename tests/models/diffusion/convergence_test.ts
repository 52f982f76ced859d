import type { SamplerOptions } from "../../../models/diffusion/sampler_options.ts";
import { flowTime, gammaOfFlowTime } from "../../../models/diffusion/notation.ts";
import assert from "node:assert/strict";
import { normals } from "../../../engine/mod.ts";
import {
  alphaSigma,
  sampleDiffusion,
  type SamplerName,
  samplerNames,
  samplingLevels,
  schedule,
  solver,
} from "../../../models/diffusion/mod.ts";
import { assertClose } from "../assert_close.ts";
import { exactDenoiser, exactFlow, linearVariance } from "./gaussian.ts";
import reference from "./reference/k_diffusion.json" with { type: "json" };

const { mu, s } = reference.problem;
const start = Float64Array.from(reference.problem.x_T.flat());

const noNoise = () => {
  throw new Error("A deterministic sampler asked for noise");
};

/** Distance to the exact solution of the probability-flow ODE, in float64. */
async function errorOf(sampler: SamplerName, levels: number[]): Promise<number> {
  const end = await sampleDiffusion<Float64Array>(exactDenoiser({ mu, s }), {
    sampler,
    levels,
    z: start,
    noise: noNoise,
  });
  const exact = exactFlow({ mu, s }, start, levels[0]!, levels.at(-1)!);
  return Math.hypot(...end.map((value, i) => value - exact[i]!));
}

const deterministic = samplerNames.filter((name) => !solver(name).stochastic);
const { gamma } = schedule("cosine");

for (const sampler of deterministic) {
  const { order } = solver(sampler);
  Deno.test(`${sampler} converges to the probability-flow ODE at order ${order}`, async () => {
    // Between two positive noise levels; the slope between 80 and 160 steps.
    const levels = (steps: number) =>
      Array.from({ length: steps + 1 }, (_, i) => gamma(0.95 - 0.9 * i / steps));
    const measured = Math.log2(
      await errorOf(sampler, levels(80)) / await errorOf(sampler, levels(160)),
    );
    assert.ok(Math.abs(measured - order) < 0.1, `measured order ${measured}`);
  });
}

for (const sampler of ["euler", "flow-heun", "dpmpp-2m"] as const) {
  Deno.test(`${sampler} starts from pure noise and keeps its order`, async () => {
    const levels = (steps: number) =>
      Array.from({ length: steps + 1 }, (_, i) => gammaOfFlowTime(1 - 0.9 * i / steps));
    const measured = Math.log2(
      await errorOf(sampler, levels(80)) / await errorOf(sampler, levels(160)),
    );
    // The multistep solver takes a whole first-order step from infinite h, of length 1/n in t.
    assert.ok(measured > solver(sampler).order - 0.15, `measured order ${measured}`);
    assert.equal(flowTime(levels(80)[0]!), 1);
  });
}

const stochastic: [SamplerName, SamplerOptions][] = [
  ["ddpm", { variance: "small" }],
  ["ddpm", { variance: "large" }],
  ["ddim", { eta: 0.5 }],
  ["euler-ancestral", {}],
  ["dpmpp-2m-sde", {}],
  ["dpmpp-2m-sde", { eta: 0.5 }],
  ["euler", { churn: 0.1 }],
  ["heun", { churn: 0.1 }],
];

for (const [sampler, options] of stochastic) {
  const name = `${sampler} ${JSON.stringify(options)}`;
  Deno.test(`${name} draws Gaussian data with its mean and variance`, async () => {
    const count = 20_000, mean = 0.3;
    const levels = samplingLevels(schedule("cosine"), 50);
    const end = await sampleDiffusion(exactDenoiser({ mu: [mean], s }), {
      sampler,
      options,
      levels,
      z: normals({ seed: 1, stream: "start", step: 0 }, count),
      noise: (draw) => normals({ seed: 1, stream: "noise", step: draw }, count),
    });
    const average = end.reduce((sum, value) => sum + value, 0) / count;
    const spread = end.reduce((sum, value) => sum + (value - average) ** 2, 0) / count;
    // Four standard errors around the data's mean, and around the variance that so many steps have
    // in theory, which must itself be near s².
    assertClose([average], [mean], { absolute: 4 * s / Math.sqrt(count) });
    const expected = linearVariance(solver(sampler, options), s, levels);
    assertClose([spread], [expected], { relative: 4 * Math.sqrt(2 / count) });
    assertClose([expected], [s ** 2], { relative: 0.15 });
  });

  Deno.test(`${name} closes in on the right variance at its order`, () => {
    const { order } = solver(sampler, options);
    const excess = (steps: number) => {
      const levels = Array.from({ length: steps + 1 }, (_, i) => gamma(1 - 0.95 * i / steps));
      const { alpha, sigma } = alphaSigma(levels.at(-1)!);
      // With a churn per step that shrinks with the steps, as the paper's S_churn/N does.
      const churn = options.churn === undefined ? {} : { churn: options.churn * 25 / steps };
      const method = solver(sampler, { ...options, ...churn });
      return linearVariance(method, s, levels) - (alpha ** 2 * s ** 2 + sigma ** 2);
    };
    const measured = Math.log2(excess(200) / excess(400));
    assert.ok(Math.abs(measured - order) < 0.15, `measured order ${measured}`);
  });
}
