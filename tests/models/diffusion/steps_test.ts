import assert from "node:assert/strict";
import { tf } from "../../../engine/mod.ts";
import {
  alphaSigma,
  denoiser,
  type DenoisingNetwork,
  noiseInputs,
  trainingStep,
  validationStep,
} from "../../../models/diffusion/mod.ts";
import { assertClose } from "../assert_close.ts";

await tf.setBackend("cpu");

/** Output = z·gain + angle + label·offset: a network whose every answer can be worked out. */
const toy: DenoisingNetwork = {
  parameters: [{ name: "gain", shape: [2] }, { name: "offset", shape: [] }],
  noClass: 10,
  apply: (p, z, angle, labels) =>
    z.mul(p.gain!).add(angle.reshape([-1, 1])).add(
      labels.cast("float32").reshape([-1, 1]).mul(p.offset!),
    ),
};

const gammas = [-1, 0.5, 2, 4];
const x = [[0.5, -1], [1, 0], [-0.25, 0.75], [0, -0.5]];
const eps = [[1, 0.1], [-0.7, 2], [0.3, -1.2], [0.9, 0.4]];
const labels = [3, 0, 10, 7];
const gain = [0.8, -0.3], offset = 0.1;

/** Inputs of the training and validation steps for some of the examples. */
function batch(examples: readonly number[]): Record<string, tf.Tensor> {
  const levels = noiseInputs(examples.map((i) => gammas[i]!));
  return {
    x: tf.tensor2d(examples.map((i) => x[i]!)),
    eps: tf.tensor2d(examples.map((i) => eps[i]!)),
    alpha: tf.tensor1d(levels.alpha),
    sigma: tf.tensor1d(levels.sigma),
    angle: tf.tensor1d(levels.angle),
    labels: tf.tensor1d(examples.map((i) => labels[i]!), "int32"),
    gain: tf.tensor1d(gain),
    offset: tf.scalar(offset),
  };
}

/** Runs a tensor function and reads its outputs. */
function evaluate(outputs: () => Record<string, tf.Tensor>): Record<string, number[]> {
  return tf.tidy(() =>
    Object.fromEntries(
      Object.entries(outputs()).map(([name, tensor]) => [name, [...tensor.dataSync()]]),
    )
  );
}

/** The same by hand, in float64: errors of v, and what the network was given. */
const byHand = gammas.map((gamma, i) => {
  const { alpha, sigma } = alphaSigma(gamma);
  const angle = 2 / Math.PI * Math.atan2(sigma, alpha);
  return [0, 1].map((j) => {
    const z = alpha * x[i]![j]! + sigma * eps[i]![j]!;
    const output = z * gain[j]! + angle + labels[i]! * offset;
    const error = output - (alpha * eps[i]![j]! - sigma * x[i]![j]!);
    const denoised = alpha * z - sigma * output;
    return { z, error, denoised };
  });
});
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

Deno.test("trainingStep() gives the mean squared error of the target and its gradients", () => {
  const out = evaluate(() => trainingStep(toy, "v")(batch([0, 1, 2, 3])));
  assert.deepEqual(Object.keys(out), ["loss", "grad/gain", "grad/offset"]);
  const cells = byHand.flat();
  assertClose(out.loss!, [mean(cells.map(({ error }) => error ** 2))], { relative: 1e-5 });
  const gainGradient = [0, 1].map((j) => mean(byHand.map((row) => row[j]!.error * row[j]!.z)) // 2·error·z over 8 values
  );
  assertClose(out["grad/gain"]!, gainGradient, { relative: 1e-5 });
  const offsetGradient = mean(
    byHand.flatMap((row, i) => row.map(({ error }) => 2 * error * labels[i]!)),
  );
  assertClose(out["grad/offset"]!, [offsetGradient], { relative: 1e-5 });
});

Deno.test("trainingStep() over equal slices of a batch averages to the whole batch's", () => {
  const step = trainingStep(toy, "epsilon");
  const whole = evaluate(() => step(batch([0, 1, 2, 3])));
  const slices = [[0, 1], [2, 3]].map((examples) => evaluate(() => step(batch(examples))));
  for (const [name, values] of Object.entries(whole)) {
    const average = values.map((_, i) => mean(slices.map((slice) => slice[name]![i]!)));
    assertClose(average, values, { relative: 1e-5 }, name);
  }
});

Deno.test("trainingStep() names an input that is missing", () => {
  const { labels: _, ...rest } = batch([0]);
  assert.throws(() => trainingStep(toy, "v")(rest), /Input labels is missing: given are x, eps/);
});

Deno.test("validationStep() gives each example's own loss and the error of its x̂", () => {
  const out = evaluate(() => validationStep(toy, "v")(batch([0, 1, 2, 3])));
  const loss = byHand.map((row) => mean(row.map(({ error }) => error ** 2)));
  assertClose(out.loss!, loss, { relative: 1e-5 });
  const mse = (clip: (value: number) => number) =>
    byHand.map((row, i) => mean(row.map(({ denoised }, j) => (clip(denoised) - x[i]![j]!) ** 2)));
  assertClose(out.denoising_mse!, mse((value) => value), { relative: 1e-4 });
  const clipped = evaluate(() =>
    validationStep(toy, "v", { clip: [-0.2, 0.2] })(batch([0, 1, 2, 3]))
  );
  const expected = mse((value) => Math.max(-0.2, Math.min(0.2, value)));
  assertClose(clipped.denoising_mse!, expected, { relative: 1e-4 });
  assertClose(clipped.loss!, loss, { relative: 1e-5 });
});

Deno.test("denoiser() turns the network's output into x̂", () => {
  const { x: _x, eps: _eps, ...rest } = batch([0, 1, 2, 3]);
  const z = tf.tensor2d(byHand.map((row) => row.map(({ z }) => z)));
  const out = evaluate(() => denoiser(toy, "v", { guided: false })({ ...rest, z }));
  assertClose(out.denoised!, byHand.flat().map(({ denoised }) => denoised), { absolute: 1e-6 });
});

Deno.test("denoiser() with guidance mixes the estimates with and without class", () => {
  const { x: _x, eps: _eps, ...rest } = batch([0, 1, 2, 3]);
  const z = tf.tensor2d(byHand.map((row) => row.map(({ z }) => z)));
  const plain = denoiser(toy, "v", { guided: false });
  const conditional = evaluate(() => plain({ ...rest, z })).denoised!;
  const noClass = tf.tensor1d(labels.map(() => 10), "int32");
  const unconditional = evaluate(() => plain({ ...rest, z, labels: noClass })).denoised!;
  const guided = denoiser(toy, "v", { guided: true });
  for (const scale of [0, 1, 2.5]) {
    const out = evaluate(() => guided({ ...rest, z, guidance_scale: tf.scalar(scale) }));
    const expected = conditional.map((c, i) => unconditional[i]! + scale * (c - unconditional[i]!));
    assertClose(out.denoised!, expected, { absolute: 2e-6 }, `scale ${scale}`);
  }
});
