/** Sampling loops of an engine beside those of the host. */
import assert from "node:assert/strict";
import { type Engine, normals, tf } from "../../../engine/mod.ts";
import {
  noiseInputs,
  sampleDiffusion,
  sampleStart,
  samplingLevels,
  samplingPlan,
  schedule,
} from "../../../models/diffusion/mod.ts";
import {
  compileSampling,
  needsOf,
  perExampleInput,
  runSampling,
  type Step,
} from "../../../models/steps/mod.ts";
import type { Denoise, SampleStep } from "../../../models/diffusion/sample.ts";
import type { PlanOptions } from "../../../models/diffusion/plan.ts";

const COUNT = 4;
const SHAPE = [2, 3];
const LENGTH = COUNT * 6;
const SEED = 3_000_000_000;
const STREAM = "noise";
const LABELS = Int32Array.from({ length: COUNT }, (_, i) => i);
const CLIP = [-0.9, 0.9] as const;

/** x̂ = 2 tanh(α z + σ/4 + 0.3 x̂' + label/10): of everything that a denoiser is given. */
export const toyDenoiser: Step = {
  parameters: [],
  inputs: {
    z: perExampleInput(SHAPE),
    previous: perExampleInput(SHAPE),
    alpha: perExampleInput([]),
    sigma: perExampleInput([]),
    angle: perExampleInput([]),
    labels: perExampleInput([], "int32"),
  },
  apply: ({ z, previous, alpha, sigma, labels }) => {
    const wide = (x: tf.Tensor) => tf.reshape(x, [x.shape[0]!, 1, 1]);
    const level = tf.add(tf.mul(wide(alpha!), z!), tf.div(wide(sigma!), 4));
    const label = wide(tf.div(tf.cast(labels!, "float32"), 10));
    const sum = tf.add(tf.add(level, label), tf.mul(previous!, 0.3));
    return { denoised: tf.mul(tf.tanh(sum), 2) };
  },
};

const toyOnHost: Denoise = (z, gamma, _step, previous) => {
  const { alpha, sigma } = noiseInputs([gamma]);
  return Promise.resolve(z.map((value, i) => {
    const label = Math.floor(i / 6) / 10;
    const sum = alpha[0]! * value + sigma[0]! / 4 + label + 0.3 * (previous?.[i] ?? 0);
    return 2 * Math.tanh(sum);
  }));
};

const levels = samplingLevels(schedule("cosine"), 4);
const pure = samplingLevels(schedule("flow"), 4);
const known = Float32Array.from({ length: LENGTH }, (_, i) => i / LENGTH - 0.5);
const mask = known.map((_, i) => i % 2);

/** Every kind of evaluation that a plan can have. */
export const loops: Readonly<Record<string, PlanOptions>> = {
  "DDIM": { sampler: "ddim", levels },
  "DDIM from pure noise": { sampler: "ddim", levels: pure },
  "DDPM": { sampler: "ddpm", levels },
  "Heun with churn": { sampler: "heun", options: { churn: 0.2 }, levels },
  "flow-heun": { sampler: "flow-heun", levels: pure },
  "DPM-Solver++ (2M)": { sampler: "dpmpp-2m", levels },
  "DPM-Solver++ (2M) with noise": { sampler: "dpmpp-2m-sde", levels },
  "in-painting": { sampler: "ddpm", levels, inpaint: { resamples: 2 } },
  "in-painting with churn": {
    sampler: "heun",
    options: { churn: 0.2 },
    levels,
    inpaint: { resamples: 2 },
  },
};

/** Checks that a loop gives the points and frames of the host's, and copies only numbers up. */
export async function checkLoop(
  engine: Engine,
  options: PlanOptions,
  tolerance: number,
): Promise<void> {
  const z = normals({ seed: SEED, stream: "start", step: 0 }, LENGTH);
  const inpaint = options.inpaint && { ...options.inpaint, known, mask };
  const expected: SampleStep[] = [];
  const points = await sampleDiffusion(toyOnHost, {
    ...options,
    inpaint,
    z,
    noise: (draw) => normals({ seed: SEED, stream: STREAM, step: draw }, LENGTH),
    clip: CLIP,
    onStep: (step) => expected.push(step),
  });

  const plan = samplingPlan(options);
  const program = await compileSampling(engine, toyDenoiser, {
    batch: COUNT,
    needs: needsOf(plan),
    clip: CLIP,
  });
  const steps: [number, number][] = [];
  const isFrame = (step: number) => step !== 2;
  // Twice, because nothing may be left of a sample in the next.
  for (let again = 0; again < 2; again++) {
    steps.length = 0;
    const sampled = await runSampling(program, {
      plan,
      start: sampleStart({ z, levels: options.levels, inpaint }),
      constantInputs: { labels: LABELS },
      inpaint,
      noise: { seed: SEED, stream: STREAM },
      isFrame,
      onStep: (...step) => steps.push(step),
    });
    assertNear(sampled.points, points, tolerance, "the points");
    const kept = expected.filter(({ step }) => isFrame(step));
    assert.deepEqual(
      sampled.frames.map(({ step, gamma }) => [step, gamma]),
      kept.map(({ step, from }) => [step, from.gamma]),
    );
    for (const [i, { noisy, denoised, step }] of sampled.frames.entries()) {
      assertNear(noisy, kept[i]!.from.z, tolerance, `z of step ${step}`);
      assertNear(denoised, kept[i]!.denoised, tolerance, `x̂ of step ${step}`);
    }
    assert.deepEqual(steps, expected.map(({ step, steps }) => [step, steps]));
  }
  if (engine.compileResident) {
    const copied = Object.values(program.inputsOf(plan[0]!, 1, { seed: SEED, stream: STREAM }));
    assert.ok(copied.reduce((sum, { byteLength }) => sum + byteLength, 0) < 128);
  }
  await program.dispose();
}

function assertNear(
  actual: Float32Array,
  expected: Float32Array,
  tolerance: number,
  what: string,
): void {
  assert.equal(actual.length, expected.length, what);
  expected.forEach((value, i) => {
    const off = Math.abs(actual[i]! - value);
    assert.ok(off <= tolerance, `${what}: element ${i} is ${actual[i]} instead of ${value}`);
  });
}
