import assert from "node:assert/strict";
import { openEngine, tf } from "../../../engine/mod.ts";
import type { Engine } from "../../../engine/mod.ts";
import { alphaSigma, noiseInputs, targetNames } from "../../../models/diffusion/mod.ts";
import {
  compileStep,
  denoiser,
  type DenoisingNetwork,
  type Step,
  trainingStep,
  validationStep,
} from "../../../models/steps/mod.ts";
import { assertClose } from "../assert_close.ts";

await tf.setBackend("cpu");

/** Output = z·gain + angle + label·offset: a network whose every answer can be worked out. */
const toy: DenoisingNetwork = {
  parameters: [{ name: "gain", shape: [2] }, { name: "offset", shape: [] }],
  sampleShape: [2],
  noClass: 10,
  apply: (p, z, angle, labels) =>
    tf.add(
      tf.add(tf.mul(z, p.gain!), tf.reshape(angle, [-1, 1])),
      tf.mul(tf.reshape(tf.cast(labels, "float32"), [-1, 1]), p.offset!),
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
  const out = evaluate(() => trainingStep(toy, "v").apply(batch([0, 1, 2, 3])));
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
  const whole = evaluate(() => step.apply(batch([0, 1, 2, 3])));
  const slices = [[0, 1], [2, 3]].map((examples) => evaluate(() => step.apply(batch(examples))));
  for (const [name, values] of Object.entries(whole)) {
    const average = values.map((_, i) => mean(slices.map((slice) => slice[name]![i]!)));
    assertClose(average, values, { relative: 1e-5 }, name);
  }
});

Deno.test("trainingStep() names an input that is missing", () => {
  const { labels: _, ...rest } = batch([0]);
  assert.throws(
    () => trainingStep(toy, "v").apply(rest),
    /Input labels is missing: the inputs are x, eps/,
  );
});

Deno.test("validationStep() gives each example's own loss and the error of its x̂", () => {
  const out = evaluate(() => validationStep(toy, "v").apply(batch([0, 1, 2, 3])));
  const loss = byHand.map((row) => mean(row.map(({ error }) => error ** 2)));
  assertClose(out.loss!, loss, { relative: 1e-5 });
  const mse = (clip: (value: number) => number) =>
    byHand.map((row, i) => mean(row.map(({ denoised }, j) => (clip(denoised) - x[i]![j]!) ** 2)));
  assertClose(out.denoising_mse!, mse((value) => value), { relative: 1e-4 });
  const clipped = evaluate(() =>
    validationStep(toy, "v", { clip: [-0.2, 0.2] }).apply(batch([0, 1, 2, 3]))
  );
  const expected = mse((value) => Math.max(-0.2, Math.min(0.2, value)));
  assertClose(clipped.denoising_mse!, expected, { relative: 1e-4 });
  assertClose(clipped.loss!, loss, { relative: 1e-5 });
});

Deno.test("denoiser() turns the network's output into x̂", () => {
  const { x: _x, eps: _eps, ...rest } = batch([0, 1, 2, 3]);
  const z = tf.tensor2d(byHand.map((row) => row.map(({ z }) => z)));
  const out = evaluate(() => denoiser(toy, "v", { guided: false }).apply({ ...rest, z }));
  assertClose(out.denoised!, byHand.flat().map(({ denoised }) => denoised), { absolute: 1e-6 });
});

Deno.test("denoiser() with guidance mixes the estimates with and without class", () => {
  const { x: _x, eps: _eps, ...rest } = batch([0, 1, 2, 3]);
  const z = tf.tensor2d(byHand.map((row) => row.map(({ z }) => z)));
  const plain = denoiser(toy, "v", { guided: false });
  const conditional = evaluate(() => plain.apply({ ...rest, z })).denoised!;
  const noClass = tf.tensor1d(labels.map(() => 10), "int32");
  const unconditional = evaluate(() => plain.apply({ ...rest, z, labels: noClass })).denoised!;
  const guided = denoiser(toy, "v", { guided: true });
  for (const scale of [0, 1, 2.5]) {
    const out = evaluate(() => guided.apply({ ...rest, z, guidance_scale: tf.scalar(scale) }));
    const expected = conditional.map((c, i) => unconditional[i]! + scale * (c - unconditional[i]!));
    assertClose(out.denoised!, expected, { absolute: 2e-6 }, `scale ${scale}`);
  }
});

Deno.test("trainingStep() with weights multiplies each example's loss and gradient", () => {
  const weight = [2, 0, 0.5, 1];
  const step = trainingStep(toy, "v", { weighted: true });
  const out = evaluate(() => step.apply({ ...batch([0, 1, 2, 3]), weight: tf.tensor1d(weight) }));
  const weighted = (of: (cell: typeof byHand[number][number], i: number) => number) =>
    mean(byHand.flatMap((row, i) => row.map((cell) => weight[i]! * of(cell, i))));
  assertClose(out.loss!, [weighted(({ error }) => error ** 2)], { relative: 1e-5 });
  const gradient = weighted(({ error }, i) => 2 * error * labels[i]!);
  assertClose(out["grad/offset"]!, [gradient], { relative: 1e-5 });
});

/** Output = z·gain + previous·echo, self-conditioned. */
const echoing: DenoisingNetwork = {
  parameters: [{ name: "gain", shape: [] }, { name: "echo", shape: [] }],
  sampleShape: [2],
  noClass: 10,
  selfConditioned: true,
  apply: (p, z, _angle, _labels, previous) =>
    tf.add(tf.mul(z, p.gain!), tf.mul(previous!, p.echo!)),
};
const echoes = { gain: 0.7, echo: 0.4 };
const echoInputs = () => ({
  ...batch([0, 1, 2, 3]),
  gain: tf.scalar(echoes.gain),
  echo: tf.scalar(echoes.echo),
});

Deno.test("trainingStep() feeds a first estimate back for a share of the examples, and no gradient through it", () => {
  const asked = [1, 1, 1, 0];
  const step = trainingStep(echoing, "x0", { selfCondition: 0.75 });
  const out = evaluate(() => step.apply(echoInputs()));
  // For x0 the output is x̂ itself, so the first pass gives gain·z.
  const cells = byHand.flatMap((row, i) =>
    row.map(({ z }, j) => {
      const previous = asked[i]! * echoes.gain * z;
      return { z, previous, error: echoes.gain * z + echoes.echo * previous - x[i]![j]! };
    })
  );
  assertClose(out.loss!, [mean(cells.map(({ error }) => error ** 2))], { relative: 1e-5 });
  assertClose(out["grad/echo"]!, [mean(cells.map((cell) => 2 * cell.error * cell.previous))], {
    relative: 1e-5,
  });
  assertClose(out["grad/gain"]!, [mean(cells.map(({ error, z }) => 2 * error * z))], {
    relative: 1e-5,
  });
});

Deno.test("validationStep() and denoiser() condition on an earlier estimate too", () => {
  const validation = evaluate(() => validationStep(echoing, "x0").apply(echoInputs()));
  const twice = byHand.map((row) =>
    row.map(({ z }) => echoes.gain * z + echoes.echo * echoes.gain * z)
  );
  assertClose(
    validation.loss!,
    twice.map((row, i) => mean(row.map((value, j) => (value - x[i]![j]!) ** 2))),
    { relative: 1e-5 },
  );
  const z = byHand.map((row) => row.map(({ z }) => z));
  const previous = z.map((row) => row.map((value) => echoes.gain * value));
  const asked = () => ({ ...echoInputs(), z: tf.tensor2d(z), previous: tf.tensor2d(previous) });
  const plain = evaluate(() => denoiser(echoing, "x0", { guided: false }).apply(asked()));
  assertClose(plain.denoised!, twice.flat(), { relative: 1e-5 });
  const guided = evaluate(() =>
    denoiser(echoing, "x0", { guided: true }).apply({ ...asked(), guidance_scale: tf.scalar(4) })
  );
  assertClose(guided.denoised!, twice.flat(), { relative: 1e-4 }); // it ignores the class
});

Deno.test("denoiser() rescales guidance if it is told to", () => {
  const { x: _x, eps: _eps, ...rest } = batch([0, 1, 2, 3]);
  const z = tf.tensor2d(byHand.map((row) => row.map(({ z }) => z)));
  const run = (scale: number, rescale: number) =>
    evaluate(() =>
      denoiser(toy, "v", { guided: true, rescaled: true }).apply({
        ...rest,
        z,
        guidance_scale: tf.scalar(scale),
        guidance_rescale: tf.scalar(rescale),
      })
    ).denoised!;
  const spread = (values: number[]) =>
    [0, 1, 2, 3].map((i) => Math.abs(values[2 * i]! - values[2 * i + 1]!));
  const conditional = run(1, 0);
  // Of two values, the spread is twice the standard deviation.
  assertClose(spread(run(3, 1)), spread(conditional), { relative: 1e-3 });
  const plain = evaluate(() =>
    denoiser(toy, "v", { guided: true }).apply({ ...rest, z, guidance_scale: tf.scalar(3) })
  ).denoised!;
  assertClose(run(3, 0), plain, {});
});

type NamedTensors = Record<string, tf.Tensor>;

/** Compiles a step for the given inputs, runs it, and compares it with the reference backend. */
async function assertCompiles(engine: Engine, step: Step, inputs: NamedTensors, what = "") {
  const expected = evaluate(() => step.apply(inputs));
  const program = await compileStep(engine, step, { batch: 4, outputs: "mean", replicas: 1 });
  const arrays = Object.entries(inputs).filter(([name]) => name in program.inputs)
    .map(([name, tensor]) => [name, tensor.dataSync() as Float32Array | Int32Array]);
  const out = await program.run(Object.fromEntries(arrays));
  for (const [name, value] of Object.entries(expected)) {
    assertClose(out[name]!, value, { relative: 1e-4, absolute: 1e-6 }, `${what} ${name}`);
  }
}

Deno.test("compiled steps do for every objective what the reference backend does", async () => {
  const engine = await openEngine({ device: "cpu" });
  const { x, eps, ...rest } = batch([0, 1, 2, 3]);
  const training = { x: x!, eps: eps!, ...rest, weight: tf.tensor1d([2, 0, 0.5, 1]) };
  for (const target of targetNames) {
    await assertCompiles(engine, trainingStep(toy, target, { weighted: true }), training, target);
  }
  for (const selfCondition of [0, 0.5, 1]) {
    await assertCompiles(engine, trainingStep(echoing, "v", { selfCondition }), echoInputs());
  }
  const scales = { guidance_scale: tf.scalar(2), guidance_rescale: tf.scalar(0.7) };
  const guided = denoiser(toy, "edm", { guided: true, rescaled: true });
  await assertCompiles(engine, guided, { ...rest, z: x!, ...scales });
  await engine.dispose();
});

Deno.test("a batch that is computed part by part gives what it gives at once", async () => {
  const engine = await openEngine({ device: "cpu" });
  const step = validationStep(toy, "v");
  const arrays = Object.fromEntries(
    Object.entries(batch([0, 1, 2, 3])).map(([name, tensor]) => [
      name,
      tensor.dataSync() as Float32Array | Int32Array,
    ]),
  );
  const whole = await compileStep(engine, step, { batch: 4, outputs: "concat", replicas: 1 });
  const expected = await whole.run(arrays);
  for (const atOnce of [1, 2]) {
    const program = await compileStep(engine, step, { batch: 4, outputs: "concat", atOnce });
    assert.deepEqual(program.inputs, whole.inputs);
    assert.deepEqual(program.outputs, whole.outputs);
    assert.deepEqual(await program.run(arrays), expected);
  }
  await engine.dispose();
});
