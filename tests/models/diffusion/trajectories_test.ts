/** Whole trajectories against diffusers and k-diffusion, on the problem with a known denoiser. */
import {
  edmSigma,
  gammaOfAlphaCumprod,
  gammaOfEdmSigma,
  gammaOfFlowTime,
  viewScale,
} from "../../../models/diffusion/notation.ts";
import { assertClose } from "../assert_close.ts";
import {
  alphaSigma,
  sampleDiffusion,
  type SamplerName,
  samplingLevels,
  schedule,
} from "../../../models/diffusion/mod.ts";
import { alphasCumprod, type DiscreteSchedule } from "./discrete.ts";
import { exactDenoiser } from "./gaussian.ts";
import diffusers from "./reference/diffusers.json" with { type: "json" };
import kDiffusion from "./reference/k_diffusion.json" with { type: "json" };

const { mu, s } = diffusers.problem;
const start = Float64Array.from(diffusers.problem.x_T.flat());

/** z at the start and after each step, in float64. */
async function trajectoryOf(
  sampler: SamplerName,
  levels: readonly number[],
  z: Float64Array = start,
): Promise<Float64Array[]> {
  const points = [z];
  await sampleDiffusion<Float64Array>(exactDenoiser({ mu, s }), {
    sampler,
    levels,
    z,
    noise: () => {
      throw new Error("A deterministic sampler asked for noise");
    },
    onStep: (step) => points.push(step.z),
  });
  return points;
}

function discreteLevels(name: DiscreteSchedule, timesteps: readonly number[]): number[] {
  const discrete = alphasCumprod(name, diffusers.T);
  return [...timesteps.map((t) => gammaOfAlphaCumprod(discrete[t]!)), -Infinity];
}

// diffusers keeps betas in float32.
const float32 = { absolute: 1e-5, relative: 1e-5 };

for (const { schedule: name, spacing, prediction, timesteps, trajectory } of diffusers.ddim) {
  Deno.test(
    `DDIM follows diffusers: ${name}, ${timesteps.length} ${spacing} steps, ${prediction}`,
    async () => {
      const points = await trajectoryOf(
        "ddim",
        discreteLevels(name as DiscreteSchedule, timesteps),
      );
      points.forEach((z, i) => assertClose(z, trajectory[i]!, float32, `z after step ${i}`));
    },
  );
}

for (const { timesteps, trajectory } of diffusers.dpmpp_2m_linear_trailing) {
  Deno.test(`DPM-Solver++ 2M follows diffusers: linear, ${timesteps.length} steps`, async () => {
    const points = await trajectoryOf("dpmpp-2m", discreteLevels("linear", timesteps));
    points.forEach((z, i) => assertClose(z, trajectory[i]!, float32, `z after step ${i}`));
  });
}

/** A trajectory seen in a view: κ z. */
function seen(view: "edm" | "flow", points: readonly Float64Array[], levels: readonly number[]) {
  return points.map((z, i) => z.map((value) => viewScale[view](levels[i]!) * value));
}

Deno.test("Euler follows diffusers' rectified flow, from pure noise", async () => {
  const { sigmas, trajectory } = diffusers.flow_euler;
  const levels = sigmas.map(gammaOfFlowTime);
  const points = seen("flow", await trajectoryOf("euler", levels), levels);
  points.forEach((x, i) => assertClose(x, trajectory[i]!, float32, `x after step ${i}`));
});

for (const { sigmas, ...reference } of kDiffusion.karras) {
  const steps = sigmas.length - 1;
  const levels = sigmas.map(gammaOfEdmSigma);

  Deno.test(`Karras's ${steps} levels agree with k-diffusion`, () => {
    // The edm schedule between other ends: σ from 0.01 to 80.
    const ends = [kDiffusion.sigma_min, kDiffusion.sigma_max].map(gammaOfEdmSigma);
    const between = { ...schedule("edm"), gamma: (t: number) => ends[t]! };
    const ours = samplingLevels(between, steps, { spacing: "karras", rho: kDiffusion.rho });
    assertClose(ours.map(edmSigma), sigmas, { absolute: 1e-9 });
  });

  for (
    const [sampler, trajectory] of [
      ["euler", reference.euler],
      ["heun", reference.heun],
      ["dpmpp-2m", reference.dpmpp_2m],
    ] as const
  ) {
    Deno.test(`${sampler} follows k-diffusion over ${steps} Karras levels`, async () => {
      // They start at 80 x_T in the variance-exploding view.
      const scale = alphaSigma(levels[0]!).alpha * kDiffusion.sigma_max;
      const points = await trajectoryOf(sampler, levels, start.map((value) => scale * value));
      seen("edm", points, levels).forEach((x, i) =>
        // The reference's σ are rounded to ten decimals.
        assertClose(x, trajectory[i]!, { absolute: 1e-7, relative: 1e-7 }, `x after step ${i}`)
      );
    });
  }
}

Deno.test("Heun and DPM-Solver++ 2M reach the exact end point of k-diffusion's problem", async () => {
  const levels = Array.from(
    { length: 2001 },
    (_, i) => gammaOfEdmSigma((80 ** (1 / 7) * (1 - i / 2000) + 1e-4 ** (1 / 7) * i / 2000) ** 7),
  );
  const scale = alphaSigma(levels[0]!).alpha * kDiffusion.sigma_max;
  for (const sampler of ["heun", "dpmpp-2m", "flow-heun"] as const) {
    const points = await trajectoryOf(
      sampler,
      [...levels, -Infinity],
      start.map((value) => scale * value),
    );
    assertClose(points.at(-1)!, kDiffusion.exact_ode_endpoint, { absolute: 2e-5 }, sampler);
  }
});
