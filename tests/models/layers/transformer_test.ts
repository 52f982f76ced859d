import { rotate } from "../../../models/layers/transformer.ts";
import assert from "node:assert/strict";
import { tf } from "../../../engine/mod.ts";
import {
  declarations,
  initialParameters,
  type ParameterSpec,
  rotaryConstants,
  transformerBlock,
  transformerHead,
} from "../../../models/layers/mod.ts";
import { assertClose } from "../assert_close.ts";
import { wave } from "./gradients.ts";

await tf.setBackend("cpu");

const SHAPE = { width: 8, heads: 2, conditionWidth: 6 };
const LENGTH = 5;

function tensorsOf(specs: readonly ParameterSpec[]): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(initialParameters(specs, 3)).map(([name, { shape, data }]) => [
      name,
      tf.tensor(data, [...shape]),
    ]),
  );
}

function aBlock() {
  const { root, specs } = declarations();
  return { block: transformerBlock(root, SHAPE), parameters: tensorsOf(specs) };
}

/** Positions whose output changes where one position's input does. */
function moved(run: (x: tf.Tensor) => tf.Tensor, position: number): number[] {
  const x = wave([1, LENGTH, SHAPE.width]);
  const bump = tf.reshape(tf.oneHot(tf.tensor1d([position], "int32"), LENGTH), [1, LENGTH, 1]);
  const change = tf.sub(run(tf.add(x, tf.mul(wave([1, LENGTH, SHAPE.width], 0.37), bump))), run(x));
  const sizes = tf.reshape(tf.max(tf.abs(change), -1), [LENGTH]).arraySync() as number[];
  return sizes.flatMap((size, i) => size > 1e-6 ? [i] : []);
}

Deno.test("a block starts as an ordinary transformer's, whatever its condition", () => {
  const { block, parameters } = aBlock();
  const x = wave([2, LENGTH, SHAPE.width]);
  const [plain, other] = [0.3, 1.9].map((f) => block(parameters, x, wave([2, 1, 6], f)).x);
  assertClose(plain!.dataSync(), other!.dataSync(), { absolute: 1e-6 });
  assert.ok(
    tf.mean(tf.abs(tf.sub(plain!, x))).dataSync()[0]! > 0.01,
    "attention and perceptron are heard",
  );
});

Deno.test("gates at zero close a block: adaLN-zero's identity", () => {
  const { block, parameters } = aBlock();
  const closed = { ...parameters, "modulation.bias": tf.zeros([6 * SHAPE.width]) };
  const x = wave([2, LENGTH, SHAPE.width]);
  assertClose(block(closed, x, wave([1, 1, 6])).x.dataSync(), x.dataSync(), { absolute: 0 });
});

Deno.test("a trained condition shifts, scales and gates every position alike", () => {
  const { block, parameters } = aBlock();
  const weight = wave([SHAPE.conditionWidth, 6 * SHAPE.width], 0.77);
  const trained = { ...parameters, "modulation.weight": weight };
  const x = tf.tile(wave([1, 1, SHAPE.width]), [1, LENGTH, 1]);
  const rows = (condition: tf.Tensor) => block(trained, x, condition).x.arraySync() as number[][][];
  const [first] = rows(wave([1, 1, 6]));
  for (const row of first!) assertClose(row, first![0]!, { absolute: 1e-6 });
  const [other] = rows(wave([1, 1, 6], 1.3));
  assert.ok(other![0]!.some((value, i) => Math.abs(value - first![0]![i]!) > 0.01));
});

Deno.test("without a mask all positions see each other, with a causal one only what was before", () => {
  const { block, parameters } = aBlock();
  const rotary = rotaryConstants(LENGTH, SHAPE.width / SHAPE.heads);
  const condition = wave([1, 1, 6]);
  const open = (x: tf.Tensor) => block(parameters, x, condition, { rotary }).x;
  assert.deepEqual(moved(open, 2), [0, 1, 2, 3, 4]);
  const mask = tf.tensor2d(
    Array.from({ length: LENGTH * LENGTH }, (_, i) => i % LENGTH > i / LENGTH ? -1e9 : 0),
    [LENGTH, LENGTH],
  );
  const causal = (x: tf.Tensor) => block(parameters, x, condition, { rotary, mask }).x;
  assert.deepEqual(moved(causal, 2), [2, 3, 4]);
});

Deno.test("a block sees another stream's keys and values before its own", () => {
  const { block, parameters } = aBlock();
  const condition = wave([1, 1, 6]);
  const seen = (f: number) => block(parameters, wave([1, 3, SHAPE.width], f), condition).keyValues;
  const x = wave([1, LENGTH, SHAPE.width]);
  const beside = (f: number) => block(parameters, x, condition, { before: seen(f) }).x;
  assert.ok(tf.max(tf.abs(tf.sub(beside(0.2), beside(0.9)))).dataSync()[0]! > 1e-3);
});

Deno.test("rotate() keeps lengths, and products depend on the distance of positions alone", () => {
  const width = 6;
  const rotary = rotaryConstants(12, width);
  const everywhere = (f: number) =>
    tf.reshape(rotate(tf.tile(wave([1, 1, width], f), [1, 12, 1]), 1, rotary), [12, width])
      .arraySync() as number[][];
  const [queries, keys] = [everywhere(0.3), everywhere(1.1)];
  const product = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  for (const row of queries) {
    assert.ok(Math.abs(product(row, row) - product(queries[0]!, queries[0]!)) < 1e-5);
  }
  for (const [q, k] of [[5, 3], [9, 7], [2, 0]] as const) {
    assert.ok(Math.abs(product(queries[q]!, keys[k]!) - product(queries[5]!, keys[3]!)) < 1e-5);
  }
  const [near, far] = [product(queries[5]!, keys[3]!), product(queries[9]!, keys[3]!)];
  assert.ok(Math.abs(near - far) > 1e-3);
});

Deno.test("the head starts at zero", () => {
  const { root, specs } = declarations();
  const head = transformerHead(root, SHAPE, 4);
  const y = head(tensorsOf(specs), wave([2, LENGTH, SHAPE.width]), wave([2, 1, 6]));
  assert.deepEqual(y.shape, [2, LENGTH, 4]);
  assert.ok(y.dataSync().every((value) => value === 0));
});

Deno.test("a block's activation is the one it is asked for, gelu where it is not asked", () => {
  const outputs = [undefined, "gelu", "silu"].map((activation) => {
    const { root, specs } = declarations();
    const block = transformerBlock(root, {
      ...SHAPE,
      ...(activation ? { activation: activation as "gelu" | "silu" } : {}),
    });
    return block(tensorsOf(specs), wave([2, LENGTH, SHAPE.width]), wave([2, 1, 6])).x.dataSync();
  });
  assert.deepEqual(outputs[0], outputs[1]);
  assert.notDeepEqual(outputs[1], outputs[2]);
});
