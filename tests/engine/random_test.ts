import assert from "node:assert/strict";
import { dropout, openEngine, randomNormal, tf, UserError } from "../../engine/mod.ts";
import { interpretedEngine } from "./kernels/interpreted_engine.ts";
import { checkRandomNumbers, worstNormal } from "./random_numbers.ts";

for (const device of ["cpu", "tfjs-cpu"] as const) {
  Deno.test(`on ${device}, random numbers are the host's for the step, whatever the replicas`, async () => {
    const engine = await openEngine({ device });
    await checkRandomNumbers(engine, { replicas: [1, 2, 4], tolerance: 3e-6 });
    await engine.dispose();
  });
}

Deno.test("kernels draw the host's random numbers", async () => {
  await checkRandomNumbers(interpretedEngine, { tolerance: 3e-6 });
  // An odd count ends amid a pair.
  const off = await worstNormal(interpretedEngine, 4001);
  assert.ok(off < 3e-6, `${off}`);
});

Deno.test("dropout drops its share, keeps the mean, and drops the same in the gradient", async () => {
  const engine = await openEngine({ device: "cpu" });
  const count = 100_000;
  const program = await engine.compile(({ x, step }) => {
    const drop = (x: tf.Tensor) => dropout(x, 0.3, { seed: 1, stream: "drop", step: step! });
    return { y: drop(x!), gradient: tf.grad((x) => tf.sum(drop(x)))(x!) };
  }, { x: { shape: [count], dtype: "float32" }, step: { shape: [], dtype: "int32" } });
  const x = new Float32Array(count).fill(1);
  const { y, gradient } = await program.run({ x, step: Int32Array.of(5) });
  const zeros = y!.filter((value) => value === 0).length / count;
  const mean = [...y!].reduce((sum, value) => sum + value, 0) / count;
  // Three standard deviations of the share of zeros.
  assert.ok(Math.abs(zeros - 0.3) < 3 * Math.sqrt(0.21 / count), `${zeros}`);
  assert.ok(Math.abs(mean - 1) < 3 * Math.sqrt(0.21 / count) / 0.7, `${mean}`);
  assert.deepEqual(gradient, y);
  await engine.dispose();
});

Deno.test("a key that is no key, and a rate that is none, are refused with the place", async () => {
  const engine = await openEngine({ device: "cpu" });
  const refused = async (fn: (x: tf.Tensor) => tf.Tensor, message: RegExp) => {
    await assert.rejects(
      engine.compile(({ x }) => ({ y: fn(x!) }), { x: { shape: [4, 3], dtype: "float32" } }),
      (error) => error instanceof UserError && message.test(error.message),
    );
  };
  const key = { seed: 0, stream: "a", step: 0 };
  await refused(
    (x) => dropout(x, 1, key),
    /^Dropout's `rate` is 1: .* less than 1 \(at .*random_test/,
  );
  await refused(
    (x) => randomNormal({ ...key, step: tf.sum(x) }, [2]),
    /^The `step` of random numbers is float32 of shape \[\]: it must be an integer or an int32 /,
  );
  await refused(
    (x) => dropout(x, 0.5, { ...key, stream: "" }),
    /the stream has no name, give it one/,
  );
  await engine.dispose();
});
