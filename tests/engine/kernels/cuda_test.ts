import assert from "node:assert/strict";
import { openEngine, tf, UserError } from "../../../engine/mod.ts";

Deno.test("cuda computes a product, or says in one line what is missing and what to use", async () => {
  const engine = await openEngine({ device: "cuda" }).catch((error: unknown) => {
    assert.ok(error instanceof UserError, `${error}`);
    assert.match(error.message, /^Device cuda cannot be used here: [^\n]+; use webgpu or cpu$/);
  });
  if (!engine) return;
  const program = await engine.compile(
    ({ x }) => ({ y: tf.matMul(x as tf.Tensor2D, tf.transpose(x!)) }),
    { x: { shape: [2, 3], dtype: "float32" } },
  );
  const { y } = await program.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6) });
  assert.deepEqual([...y!], [14, 32, 32, 77]);
  await engine.dispose();
});
