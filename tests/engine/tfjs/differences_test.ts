/** Proofs that the engine is right where it differs from TensorFlow.js's suite: naive loops, slopes. */
import assert from "node:assert/strict";
import { openEngine, tf } from "../../../engine/mod.ts";

const engine = await openEngine({ device: "cpu" });

async function run(
  fn: (x: tf.Tensor4D) => tf.Tensor,
  shape: [number, number, number, number],
  data: Float32Array,
): Promise<number[]> {
  const program = await engine.compile(
    ({ x }) => ({ y: fn(x as tf.Tensor4D) }),
    { x: { shape, dtype: "float32" } },
  );
  const result = [...(await program.run({ x: data })).y!];
  await program.dispose();
  return result;
}

const shape: [number, number, number, number] = [1, 3, 3, 1];
const image = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
const padding: tf.backend_util.ExplicitPadding = [[0, 0], [2, 0], [0, 1], [0, 0]];

Deno.test("the gradient of a padded mean is its slope", async () => {
  const pooled = (x: tf.Tensor4D) => tf.avgPool(x, 3, 1, padding);
  const weighted = (x: tf.Tensor4D) => {
    const y = pooled(x);
    return tf.sum(tf.mul(y, tf.reshape(tf.range(1, y.size + 1), y.shape)));
  };
  const gradient = await run((x) => tf.grad(weighted as never)(x), shape, image);
  for (const [i, value] of image.entries()) {
    const at = async (by: number) => (await run(weighted, shape, image.with(i, value + by)))[0]!;
    const slope = await at(0.5) - await at(-0.5);
    assert.ok(Math.abs(slope - gradient[i]!) < 1e-4, `element ${i}: ${gradient[i]} and ${slope}`);
  }
});

Deno.test("a window of one element in the padding holds none", async () => {
  const corner = Float32Array.of(1, 2, 3, 4);
  const [max, mean] = [tf.maxPool, tf.avgPool].map((pool) => (x: tf.Tensor4D) => pool(x, 1, 2, 1));
  // Rows and columns −1 and 1 of an image of 2×2.
  assert.deepEqual(await run(max!, [1, 2, 2, 1], corner), [-Infinity, -Infinity, -Infinity, 4]);
  assert.deepEqual(await run(mean!, [1, 2, 2, 1], corner), [NaN, NaN, NaN, 4]);
});

Deno.test("exp and tan are off by two units in the last place at most", async () => {
  const off = (actual: number, exact: number) =>
    Math.abs(actual - exact) / 2 ** (Math.floor(Math.log2(Math.abs(exact))) - 23);
  const [e] = await run((x) => tf.exp(x), [1, 1, 1, 1], Float32Array.of(10));
  assert.ok(off(e!, Math.exp(10)) < 2, `${e}`);
  const angle = Math.fround(1.5707631);
  const [slope] = await run((x) => tf.tan(x), [1, 1, 1, 1], Float32Array.of(angle));
  assert.ok(off(slope!, Math.tan(angle)) < 2, `${slope} instead of ${Math.tan(angle)}`);
});

Deno.test("a run fails at an index that is out of range, on either side", async () => {
  const program = await engine.compile(
    ({ x, i }) => ({ y: tf.gather(x!, i as tf.Tensor1D) }),
    { x: { shape: [3], dtype: "float32" }, i: { shape: [2], dtype: "int32" } },
  );
  const x = Float32Array.of(1, 2, 3);
  for (const index of [-1, 3, 100, -(2 ** 31)]) {
    await assert.rejects(program.run({ x, i: Int32Array.of(0, index) }), /out of data bounds/);
  }
  assert.deepEqual([...(await program.run({ x, i: Int32Array.of(2, 0) })).y!], [3, 1]);
  await program.dispose();
});
