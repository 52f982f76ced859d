import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { tf } from "../../engine/mod.ts";

await tf.setBackend("cpu");

for (
  const name of ["tfjs-backend-cpu", "tfjs-backend-webgpu", "tfjs-backend-wasm", "tfjs-layers"]
) {
  Deno.test(`${name} stands on the program's own copy of the core`, () => {
    const require = createRequire(import.meta.resolve(`@tensorflow/${name}`));
    const core = require("@tensorflow/tfjs-core") as typeof tf;
    assert.equal(core.Tensor, tf.Tensor);
    assert.equal(core.engine(), tf.engine());
  });
}

Deno.test("the union package and what it brings are not among the dependencies", async () => {
  const lock = await Deno.readTextFile(new URL("../../deno.lock", import.meta.url));
  const { npm } = JSON.parse(lock) as { npm: Record<string, unknown> };
  const copies = Object.keys(npm).filter((id) => /^@tensorflow\/tfjs-core@/.test(id));
  assert.equal(copies.length, 1, copies.join(" "));
  const unused = ["tfjs", "tfjs-data", "tfjs-converter", "tfjs-backend-webgl"];
  for (const name of unused) {
    assert.ok(!Object.keys(npm).some((id) => id.startsWith(`@tensorflow/${name}@`)), name);
  }
});

Deno.test("the gradient of a product is right over any axes, and where factors are zero", () => {
  const x = tf.tensor3d([2, 3, 0, 5, -1, 4, 0, 0, 2, 1, -2, 3], [2, 3, 2]);
  const values = [...x.dataSync()];
  for (const axes of [undefined, [0], [1], [2], [0, 2], [2, 1]]) {
    const weigh = (product: tf.Tensor) => {
      const weights = tf.add(tf.range(0, product.size), 1);
      return tf.sum(tf.mul(tf.reshape(product, [-1]), weights));
    };
    const fn = (x: tf.Tensor) => weigh(tf.prod(x, axes));
    const gradient = [...tf.grad(fn)(x).dataSync()];
    // A product is linear in each of its factors, so a difference is exact.
    const at = (i: number, value: number) =>
      fn(tf.tensor(values.map((other, j) => i === j ? value : other), x.shape)).dataSync()[0]!;
    values.forEach((_, i) => {
      const difference = at(i, 1) - at(i, 0);
      assert.ok(gradient[i] === difference, `${axes}: ${i}: ${gradient[i]}, not ${difference}`);
    });
  }
});
