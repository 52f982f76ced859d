import assert from "node:assert/strict";
import { tf } from "../../../engine/mod.ts";
import { noiseInputs } from "../../../models/diffusion/mod.ts";
import { trainingStep } from "../../../models/steps/mod.ts";
import { imageNetwork, imageSizes } from "../../../models/image/mod.ts";
import { initialParameters } from "../../../models/layers/mod.ts";
import { declarations, type ParameterSpec } from "../../../models/layers/mod.ts";
import { unet } from "../../../models/image/unet.ts";
import { assertClose, relativeDistance } from "../assert_close.ts";
import reference from "./reference/unet.json" with { type: "json" };

await tf.setBackend("cpu");

const tiny = await imageNetwork("tiny");

/** sin(0.37 i + h) with h a hash of the name, as in reference/unet.py. */
function wave(name: string, count: number): Float64Array {
  const codes = Array.from(name, (letter, i) => (i + 1) * letter.charCodeAt(0));
  const h = codes.reduce((sum, code) => sum + code, 0) % 997;
  return Float64Array.from({ length: count }, (_, i) => Math.sin(0.37 * i + h));
}

/** The reference's parameters. */
function waveParameters(specs: readonly ParameterSpec[]): Record<string, tf.Tensor> {
  return Object.fromEntries(specs.map(({ name, shape }) => {
    const scale = shape.length > 1 ? Math.sqrt(2 / tf.util.sizeFromShape(shape.slice(0, -1))) : 0.1;
    const centre = /norm\d?\.weight$/.test(name) ? 1 : 0;
    const values = wave(name, tf.util.sizeFromShape([...shape]));
    return [name, tf.tensor(Float32Array.from(values, (v) => centre + scale * v), [...shape])];
  }));
}

const pixels = 28 * 28;
const parameters = waveParameters(tiny.parameters);
const images = (name: string) =>
  tf.tensor(Float32Array.from(wave(name, 2 * pixels)), [2, 28, 28, 1]);
const z = images("z");
const angle = tf.tensor1d(reference.angle);
const labels = tf.tensor1d(reference.labels, "int32");
const output = tf.tidy(() => tiny.apply(parameters, z, angle, labels));

Deno.test("the UNet keeps the shape of its images", () => {
  assert.deepEqual(output.shape, [2, 28, 28, 1]);
});

Deno.test("the UNet computes what the same network in PyTorch does", () => {
  const ours = output.dataSync();
  const sampled = reference.output.map((_, i) => ours[7 * i]!);
  const distance = relativeDistance(sampled, reference.output);
  assert.ok(distance < 1e-4, `relative distance ${distance}`);
  assertClose([Math.hypot(...ours)], [reference.outputNorm], { relative: 1e-4 });
});

Deno.test("every gradient of the UNet is that of PyTorch", () => {
  tf.tidy(() => {
    // With pure noise as input, α = 0 and σ = 1, z = eps and the ε target is eps itself: taking
    // `goal` away from the output makes the training step's loss the reference's.
    const network = {
      ...tiny,
      apply: (...[p, z, angle, labels]: Parameters<typeof tiny.apply>) =>
        tf.add(tf.sub(tiny.apply(p, z, angle, labels), images("goal")), z),
    };
    const step = trainingStep(network, "epsilon").apply({
      ...parameters,
      x: tf.zeros([2, 28, 28, 1]),
      eps: z,
      alpha: tf.zeros([2]),
      sigma: tf.ones([2]),
      angle,
      labels,
    });
    assertClose(step.loss!.dataSync(), [reference.loss], { relative: 1e-4 });
    const expected: Record<string, number[]> = reference.gradients;
    assert.deepEqual(tiny.parameters.map(({ name }) => name).sort(), Object.keys(expected).sort());
    for (const { name } of tiny.parameters) {
      const gradient = step[`grad/${name}`]!.dataSync() as Float32Array;
      const probe = wave("probe", gradient.length);
      const product = gradient.reduce((sum, value, i) => sum + value * probe[i]!, 0);
      const component = product / Math.hypot(...probe);
      const [norm, along] = expected[name]! as [number, number];
      // Adding a constant to all keys changes no softmax: that gradient is zero but for rounding.
      const absolute = name === "attend.key.bias" ? 1e-7 : 0;
      assertClose([Math.hypot(...gradient)], [norm], { absolute, relative: 1e-4 }, name);
      assertClose([component], [along], { absolute: absolute + 1e-4 * norm }, name);
    }
  });
});

Deno.test("the UNet treats each example by itself", () => {
  tf.tidy(() => {
    const alone = tiny.apply(
      parameters,
      tf.slice(z, [1, 0, 0, 0], [1, 28, 28, 1]),
      tf.slice(angle, 1, 1),
      tf.slice(labels, 1, 1),
    );
    const together = tf.slice(output, [1, 0, 0, 0], [1, 28, 28, 1]);
    assert.ok(relativeDistance(alone.dataSync(), together.dataSync()) < 1e-6);
  });
});

Deno.test("the UNet answers differently to another class and to another noise level", () => {
  tf.tidy(() => {
    const relabelled = tiny.apply(parameters, z, angle, tf.tensor1d([4, 10], "int32"));
    const renoised = tiny.apply(parameters, z, tf.tensor1d([0.3, reference.angle[1]!]), labels);
    for (const changed of [relabelled, renoised]) {
      const [first, second] = [0, 1].map((i) =>
        relativeDistance(
          tf.slice(changed, [i, 0, 0, 0], [1, 28, 28, 1]).dataSync(),
          tf.slice(output, [i, 0, 0, 0], [1, 28, 28, 1]).dataSync(),
        )
      );
      assert.ok(first! > 1e-3, `changed example: ${first}`);
      assert.ok(second! < 1e-6, `unchanged example: ${second}`);
    }
  });
});

Deno.test("a new UNet answers zero, and once nudged every parameter has a gradient", () => {
  const start = initialParameters(tiny.parameters, 3);
  const levels = noiseInputs([-1, 1.5]);
  const inputs = {
    x: images("x"),
    eps: images("eps"),
    alpha: tf.tensor1d(levels.alpha),
    sigma: tf.tensor1d(levels.sigma),
    angle: tf.tensor1d(levels.angle),
    labels,
  };
  tf.tidy(() => {
    const tensors = Object.fromEntries(
      Object.entries(start).map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
    );
    const answer = tiny.apply(tensors, z, angle, labels).dataSync();
    assert.ok(answer.every((value) => value === 0));

    const nudged = Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => {
        const nudge = tf.tensor(Float32Array.from(wave(name, tensor.size)), tensor.shape);
        return [name, tf.add(tensor, tf.mul(nudge, 0.01))];
      }),
    );
    const step = trainingStep(tiny, "v").apply({ ...inputs, ...nudged });
    for (const { name, shape } of tiny.parameters) {
      const gradient = step[`grad/${name}`]!;
      assert.deepEqual(gradient.shape, shape, name);
      const norm = Math.hypot(...gradient.dataSync());
      // The keys' common bias cancels in the softmax: see the test against PyTorch.
      if (name !== "attend.key.bias") assert.ok(norm > 1e-7, `${name} has gradient norm ${norm}`);
    }
  });
});

/** Values in a convolution or linear layer, counted as PyTorch does. */
const conv = (inputs: number, outputs: number, size = 3) => (inputs * size ** 2 + 1) * outputs;
const norm = (channels: number) => 2 * channels;
const block = (inputs: number, outputs: number, condition: number) =>
  norm(inputs) + conv(inputs, outputs) + conv(condition, outputs, 1) + norm(outputs) +
  conv(outputs, outputs) + (inputs === outputs ? 0 : conv(inputs, outputs, 1));

Deno.test("the UNet has exactly as many parameters as its layers call for", async () => {
  for (
    const [size, c] of [["tiny", 8], ["mini", 16], ["small", 32], ["base", 64], [
      "large",
      96,
    ]] as const
  ) {
    const t = 4 * c;
    const expected = conv(c, t, 1) + conv(t, t, 1) + 11 * t + // noise level and class
      conv(1, c) + block(c, c, t) + conv(c, c) + block(c, 2 * c, t) + conv(2 * c, 2 * c) +
      2 * block(2 * c, 2 * c, t) + norm(2 * c) + 4 * conv(2 * c, 2 * c, 1) +
      conv(2 * c, 2 * c) + block(4 * c, 2 * c, t) + conv(2 * c, c) + block(2 * c, c, t) +
      norm(c) + conv(c, 1);
    assert.equal((await imageNetwork(size)).parameterCount, expected, size);
    if (c !== 64 && c !== 96) assert.equal(expected, reference.parameterCounts[`${c}`]);
  }
  assert.equal((await imageNetwork("small")).parameterCount, 556_353);
  assert.equal((await imageNetwork("large")).parameterCount, 4_974_529);
  assert.equal(imageSizes.length, 5);
});

Deno.test("the UNet works on images of other sizes and channels", () => {
  const { root, specs } = declarations();
  const network = unet(root, {
    size: "tiny",
    height: 12,
    width: 16,
    inputChannels: 3,
    imageChannels: 3,
    classes: 2,
  });
  tf.tidy(() => {
    const z = tf.zeros([1, 12, 16, 3]) as tf.Tensor4D;
    const out = network(waveParameters(specs), z, tf.tensor1d([0.5]), tf.tensor1d([1], "int32"));
    assert.deepEqual(out.shape, [1, 12, 16, 3]);
  });
});
