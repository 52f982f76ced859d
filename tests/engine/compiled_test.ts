import assert from "node:assert/strict";
import { openEngine, tf, UserError } from "../../engine/mod.ts";
import { digitsStep } from "./parity/digits.ts";

const engine = await openEngine({ device: "cpu" });

const signature = {
  x: { shape: [2, 3], dtype: "float32" },
  n: { shape: [2], dtype: "int32" },
} as const;

const sumOfRows = ({ x, n }: Record<string, tf.Tensor>) => ({
  y: tf.add(tf.sum(x!, 1), tf.cast(n!, "float32")),
});

const arrays = (first = 1) => ({
  x: Float32Array.of(first, 2, 3, 4, 5, 6),
  n: Int32Array.of(10, 20),
});

Deno.test("run() computes the function of its inputs", async () => {
  const program = await engine.compile(sumOfRows, signature);
  assert.deepEqual(program.inputs, signature);
  assert.deepEqual(program.outputs, { y: { shape: [2], dtype: "float32" } });
  assert.deepEqual((await program.run(arrays())).y, Float32Array.of(16, 35));
  await program.dispose();
});

Deno.test("run() says what is wrong with its inputs, and works afterwards", async () => {
  const program = await engine.compile(sumOfRows, signature);
  const cases: readonly [Record<string, unknown>, string][] = [
    [{ z: new Float32Array(1) }, 'No input "z": the program takes x, n'],
    [{ n: undefined }, 'Missing input "n": int32 of shape [2], 2 elements'],
    [
      { x: new Float32Array(5) },
      'Input "x" is float32 of length 5: the program takes float32 of shape [2,3], 6 elements',
    ],
    [
      { n: new Float32Array(2) },
      'Input "n" is float32 of length 2: the program takes int32 of shape [2], 2 elements',
    ],
    [
      { x: new Float64Array(6) },
      'Input "x" is something else of length 6: the program takes float32 of shape [2,3], 6 elements',
    ],
  ];
  for (const [wrong, message] of cases) {
    const error = await program.run({ ...arrays(), ...wrong } as never).catch((error) => error);
    assert.ok(error instanceof UserError, `${error}`);
    assert.equal(error.message, message);
  }
  assert.deepEqual((await program.run(arrays())).y, Float32Array.of(16, 35));
  await program.dispose();
});

Deno.test("compile() refuses outputs that do not cross the boundary", async () => {
  await assert.rejects(
    engine.compile(({ x }) => ({ positive: tf.greater(x!, 0) }), signature),
    new UserError('Output "positive" is bool: outputs are float32 or int32, so cast it'),
  );
});

Deno.test("a run overwrites what the one before it returned", async () => {
  const program = await engine.compile(sumOfRows, signature);
  const first = (await program.run(arrays())).y!;
  assert.deepEqual([...first], [16, 35]);
  const second = (await program.run(arrays(101))).y!;
  assert.equal(second, first);
  assert.deepEqual([...first], [116, 35]);
  await program.dispose();
});

Deno.test("the arrays given to run() are read, not kept or written", async () => {
  const program = await engine.compile(sumOfRows, signature);
  const given = arrays();
  const { y } = await program.run(given);
  assert.deepEqual(given, arrays());
  given.x.fill(0);
  assert.deepEqual([...y!], [16, 35]);
  await program.dispose();
});

Deno.test("constants are baked in as they were when the program was compiled", async () => {
  const data = Float32Array.of(1, 2, 3);
  const program = await engine.compile(
    ({ x, c }) => ({ y: tf.sum(tf.mul(x!, c!), 1) }),
    { x: signature.x },
    { constants: { c: { data, shape: [3] } } },
  );
  data.fill(0);
  assert.deepEqual([...(await program.run({ x: arrays().x })).y!], [14, 32]);
  await program.dispose();
});

Deno.test("two programs live side by side, and one outlives the other", async () => {
  const sums = await engine.compile(sumOfRows, signature);
  const doubles = await engine.compile(({ x }) => ({ y: tf.mul(x!, 2) }), { x: signature.x });
  const { y } = await sums.run(arrays());
  assert.deepEqual([...(await doubles.run({ x: arrays().x })).y!], [2, 4, 6, 8, 10, 12]);
  assert.deepEqual([...y!], [16, 35]);
  await doubles.dispose();
  assert.deepEqual([...(await sums.run(arrays(101))).y!], [116, 35]);
  await sums.dispose();
});

Deno.test("a run repeats to the last bit, in the same program and in another", async () => {
  const { fn, inputs } = await digitsStep("mini", [2, 12, 12]);
  const bits: string[] = [];
  for (let i = 0; i < 2; i++) {
    const program = await engine.compile(fn, inputs.signature);
    for (let j = 0; j < 2; j++) {
      const outputs = await program.run(inputs.arrays);
      const parts = Object.values(outputs).map((values) =>
        new Uint8Array(values.buffer, values.byteOffset, values.byteLength).toHex()
      );
      bits.push(parts.join());
    }
    await program.dispose();
  }
  assert.equal(new Set(bits).size, 1);
});

Deno.test("openEngine() names the devices when it does not know one", async () => {
  await assert.rejects(
    openEngine({ device: "gpu" as never }),
    new UserError(
      'Unknown device "gpu": use auto, cpu, webgpu, cuda, tensorflow, tfjs-webgpu, tfjs-cpu',
    ),
  );
});
