import assert from "node:assert/strict";
import { tf } from "../../../engine/mod.ts";
import {
  attention,
  conv2d,
  declarations,
  doubleSize,
  embedding,
  gelu,
  groupNorm,
  layerNorm,
  linear,
  silu,
} from "../../../models/layers/mod.ts";
import { assertClose, relativeDistance } from "../assert_close.ts";
import { valueAndGradients, wave } from "./gradients.ts";

await tf.setBackend("cpu");

/** Compares a layer with its textbook form as tfjs derives it: value and every gradient. */
function assertSameFunction(
  ours: (...inputs: tf.Tensor[]) => tf.Tensor,
  textbook: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly tf.Tensor[],
): void {
  const dy = wave(textbook(...inputs).shape, 0.91);
  const actual = valueAndGradients(ours, inputs, dy);
  const expected = valueAndGradients(textbook, inputs, dy);
  assert.ok(relativeDistance(actual.value, expected.value) < 1e-5, "value");
  expected.gradients.forEach((gradient, i) => {
    const distance = relativeDistance(actual.gradients[i]!, gradient);
    assert.ok(distance < 1e-4, `gradient of input ${i} is off by ${distance}`);
  });
}

Deno.test("silu() is x·sigmoid(x), with its gradient", () => {
  const x = tf.mul(wave([3, 50]), 6);
  assertSameFunction((x) => silu(x!), (x) => tf.mul(x!, tf.sigmoid(x!)), [x]);
});

Deno.test("gelu() is x·Φ(x), with its gradient", () => {
  const x = tf.mul(wave([3, 50]), 4);
  assertSameFunction(
    (x) => gelu(x!),
    (x) => tf.mul(tf.mul(x!, 0.5), tf.add(tf.erf(tf.div(x!, Math.SQRT2)), 1)),
    [x],
  );
  assertClose(gelu(tf.tensor1d([-2, 0, 1])).dataSync(), [-0.0455003, 0, 0.8413447], {
    absolute: 1e-6,
  });
});

Deno.test("groupNorm() is the textbook's, with gradients of input, scale and shift", () => {
  const { root } = declarations();
  const layer = groupNorm(root, 12, 4);
  const textbook = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) => {
    const grouped = tf.reshape(x, [2, 5 * 7, 4, 3]);
    const { mean, variance } = tf.moments(grouped, [1, 3], true);
    const normal = tf.div(tf.sub(grouped, mean), tf.sqrt(tf.add(variance, 1e-5)));
    return tf.add(tf.mul(tf.reshape(normal, x.shape), weight), bias);
  };
  assertSameFunction(
    (x, weight, bias) => layer({ weight: weight!, bias: bias! }, x as tf.Tensor4D),
    (x, weight, bias) => textbook(x!, weight!, bias!),
    [tf.add(wave([2, 5, 7, 12]), 0.5), tf.add(wave([12], 0.7), 1), wave([12], 1.3)],
  );
});

Deno.test("groupNorm() survives a nearly constant image, whose variance rounds below zero", () => {
  const { root } = declarations();
  const layer = groupNorm(root, 8);
  for (const level of [121.33, 308.51, 829.94]) {
    const pixels = Float32Array.from({ length: 128 }, (_, i) => level * (1 + 1e-7 * Math.sin(i)));
    const x = tf.tensor4d(pixels, [1, 4, 4, 8]);
    const y = layer({ weight: tf.ones([8]), bias: tf.zeros([8]) }, x).dataSync();
    assert.ok(y.every((value) => Number.isFinite(value)), `level ${level}`);
  }
});

Deno.test("layerNorm() is the textbook's, with gradients of input, scale and shift", () => {
  const { root } = declarations();
  const layer = layerNorm(root, 6);
  assertSameFunction(
    (x, weight, bias) => layer({ weight: weight!, bias: bias! }, x!),
    (x, weight, bias) => {
      const { mean, variance } = tf.moments(x!, -1, true);
      const normal = tf.div(tf.sub(x!, mean), tf.sqrt(tf.add(variance, 1e-5)));
      return tf.add(tf.mul(normal, weight!), bias!);
    },
    [tf.add(wave([2, 3, 6]), 2), tf.add(wave([6], 0.7), 1), wave([6], 1.3)],
  );
});

Deno.test("attention() weighs values by the softmax of scaled scores", () => {
  const q = [[1, 0], [0.5, -1]], k = [[0.2, 1], [-1, 0.4]], v = [[1, 2], [3, -4]];
  const expected = q.flatMap((query) => {
    const scores = k.map((key) =>
      Math.exp((query[0]! * key[0]! + query[1]! * key[1]!) / Math.SQRT2)
    );
    const total = scores[0]! + scores[1]!;
    return [0, 1].map((j) => (scores[0]! * v[0]![j]! + scores[1]! * v[1]![j]!) / total);
  });
  const out = attention(tf.tensor3d([q]), tf.tensor3d([k]), tf.tensor3d([v]));
  assert.deepEqual(out.shape, [1, 2, 2]);
  assertClose(out.dataSync(), expected, { absolute: 1e-6 });
});

Deno.test("attention() hides what its mask hides", () => {
  const mask = tf.tensor2d([[0, -1e9], [0, 0]]); // the first position sees itself only
  const [q, k, v] = [wave([3, 2, 4]), wave([3, 2, 4], 0.6), wave([3, 2, 4], 0.8)];
  const first = tf.slice(attention(q, k, v, mask), [0, 0, 0], [3, 1, 4]);
  assertClose(first.dataSync(), tf.slice(v, [0, 0, 0], [3, 1, 4]).dataSync(), { absolute: 1e-6 });
});

Deno.test("conv2d() pads evenly: at stride 2 the first output is centred on the first pixel", () => {
  const { root } = declarations();
  const layer = conv2d(root, 1, 1, { stride: 2 });
  const x = tf.tensor4d(Array.from({ length: 16 }, (_, i) => i), [1, 4, 4, 1]);
  const identity = tf.tensor4d([0, 0, 0, 0, 1, 0, 0, 0, 0], [3, 3, 1, 1]);
  const y = layer({ weight: identity, bias: tf.tensor1d([100]) }, x);
  assert.deepEqual(y.shape, [1, 2, 2, 1]);
  assert.deepEqual([...y.dataSync()], [100, 102, 108, 110]);
});

Deno.test("linear() works on the last axis of any shape", () => {
  const { root } = declarations();
  const layer = linear(root, 2, 1);
  const x = tf.tensor3d([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]);
  const y = layer({ weight: tf.tensor2d([[10], [1]]), bias: tf.tensor1d([0.5]) }, x);
  assert.deepEqual(y.shape, [2, 2, 1]);
  assert.deepEqual([...y.dataSync()], [12.5, 34.5, 56.5, 78.5]);
});

Deno.test("embedding() picks a row per label and sends the gradient back to it", () => {
  const { root } = declarations();
  const layer = embedding(root, 3, 2);
  const labels = tf.tensor1d([2, 0, 2], "int32");
  const weight = tf.tensor2d([[1, 2], [3, 4], [5, 6]]);
  const { value, gradients } = valueAndGradients(
    (weight) => layer({ weight: weight! }, labels),
    [weight],
    tf.tensor2d([[1, 1], [10, 20], [0.5, 0]]),
  );
  assert.deepEqual([...value], [5, 6, 1, 2, 5, 6]);
  assert.deepEqual([...gradients[0]!], [10, 20, 0, 0, 1.5, 1]);
});

Deno.test("doubleSize() repeats every pixel twice each way, and sums the gradient back", () => {
  const x = wave([2, 2, 3, 2]);
  const dy = wave([2, 4, 6, 2], 0.53);
  const { value, gradients } = valueAndGradients((x) => doubleSize(x as tf.Tensor4D), [x], dy);
  const at = (
    values: ArrayLike<number>,
    h: number,
    w: number,
    n: number,
    i: number,
    j: number,
    c: number,
  ) => values[((n * h + i) * w + j) * 2 + c]!;
  const [source, weights] = [x.dataSync(), dy.dataSync()];
  for (let n = 0; n < 2; n++) {
    for (let c = 0; c < 2; c++) {
      for (let i = 0; i < 4; i++) {
        for (let j = 0; j < 6; j++) {
          assert.equal(at(value, 4, 6, n, i, j, c), at(source, 2, 3, n, i >> 1, j >> 1, c));
        }
      }
      for (let i = 0; i < 2; i++) {
        for (let j = 0; j < 3; j++) {
          const sum = [0, 1].flatMap((a) =>
            [0, 1].map((b) => at(weights, 4, 6, n, 2 * i + a, 2 * j + b, c))
          )
            .reduce((total, value) => total + value, 0);
          assertClose([at(gradients[0]!, 2, 3, n, i, j, c)], [sum], { absolute: 1e-6 });
        }
      }
    }
  }
});
