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

Deno.test("runs at once take turns, each with its own inputs and outputs", async () => {
  for (const device of ["cpu", "tfjs-cpu"] as const) {
    const engine = await openEngine({ device });
    for (const count of [1, 2]) {
      const program = await engine.compile(
        ({ x }) => ({ y: tf.neg(x!) }),
        { x: { shape: [4], dtype: "float32" } },
        { replicas: { count, split: ["x"], outputs: "concat" } },
      );
      const x = new Float32Array(4);
      const runs = [1, 2, 3].map((value) => program.run({ x: x.fill(value) }));
      x.fill(0);
      const results = (await Promise.all(runs.slice(1))).map(({ y }) => [...y!]);
      assert.deepEqual(results, [[-2, -2, -2, -2], [-3, -3, -3, -3]], `${device}, ${count}`);
      await program.dispose();
    }
    await engine.dispose();
  }
});

Deno.test("a run that fails does not keep the next from its turn", async () => {
  const program = await engine.compile(
    ({ x, i }) => ({ y: tf.gather(x!, i as tf.Tensor1D) }),
    { x: { shape: [2], dtype: "float32" }, i: { shape: [1], dtype: "int32" } },
  );
  const run = (index: number) =>
    program.run({ x: Float32Array.of(5, 6), i: Int32Array.of(index) }).then(
      ({ y }) => [...y!],
      () => "failed",
    );
  assert.deepEqual(await Promise.all([run(1), run(7), run(0)]), [[6], "failed", [5]]);
  await program.dispose();
});

Deno.test("a program is disposed of after its runs, and does not run afterwards", async () => {
  const program = await engine.compile(sumOfRows, signature);
  const running = program.run(arrays());
  await program.dispose();
  assert.deepEqual((await running).y, Float32Array.of(16, 35));
  await assert.rejects(
    program.run(arrays()),
    new UserError("Cannot run a program that was disposed of: compile it again"),
  );
});

Deno.test("an output may be named like an input, or be one", async () => {
  const program = await engine.compile(
    ({ x, n }) => ({ x: tf.add(x!, 1), n: n!, "x/new": tf.neg(x!) }),
    signature,
  );
  const outputs = await program.run(arrays());
  assert.deepEqual([...outputs.x!], [2, 3, 4, 5, 6, 7]);
  assert.deepEqual([...outputs.n!], [10, 20]);
  assert.deepEqual([...outputs["x/new"]!], [-1, -2, -3, -4, -5, -6]);
  await program.dispose();
});

Deno.test("compile() refuses names that it cannot tell apart, and results that are no tensors", async () => {
  const refused = (promise: Promise<unknown>, message: string) =>
    assert.rejects(promise, new UserError(message));
  const x = { shape: [1], dtype: "float32" } as const;
  const fn = () => ({ y: tf.ones([1]) });
  await refused(
    engine.compile(fn, { "": x }),
    'Cannot call an input "": a name is not empty, and does not begin with #',
  );
  await refused(
    engine.compile(fn, { "#y": x }),
    'Cannot call an input "#y": a name is not empty, and does not begin with #',
  );
  await refused(
    engine.compile(fn, { x }, { constants: { x: { data: Float32Array.of(1), shape: [1] } } }),
    '"x" is an input and a constant: rename one of them',
  );
  await refused(
    engine.compile(() => ({ y: undefined as never }), { x }),
    'Output "y" is no tensor: it is undefined',
  );
});

const floats = (...shape: number[]) => ({ shape, dtype: "float32" as const });
const withoutElements: Readonly<
  Record<string, readonly [number[], (x: tf.Tensor) => tf.Tensor, number[], number[]]>
> = {
  "repeated": [[0, 1], (x) => tf.tile(x, [2, 3]), [0, 3], []],
  "transposed and reshaped": [[0, 3], (x) => tf.reshape(tf.transpose(x), [0, 7]), [0, 7], []],
  "joined with itself": [[0, 3], (x) => tf.concat([x, x], 0), [0, 3], []],
  "joined with rows": [[0, 3], (x) => tf.concat([x, tf.ones([1, 3])], 0), [1, 3], [1, 1, 1]],
  "added to": [[0, 3], (x) => tf.add(x, 1), [0, 3], []],
  "summed": [[0, 3], (x) => tf.sum(x, 0), [3], [0, 0, 0]],
  "its product": [[0, 2], (x) => tf.prod(x, 0), [2], [1, 1]],
  "its maximum": [[0, 2], (x) => tf.max(x, 0), [2], [-Infinity, -Infinity]],
  "its mean": [[0, 2], (x) => tf.mean(x, 0), [2], [NaN, NaN]],
  "multiplied": [[2, 0], (x) => tf.matMul(x, x, false, true), [2, 2], [0, 0, 0, 0]],
  "a softmax": [[0, 3], (x) => tf.softmax(x), [0, 3], []],
  "padded": [[0, 2], (x) => tf.pad(x, [[1, 0], [0, 0]], 7), [1, 2], [7, 7]],
  "as it is": [[0, 3], (x) => x, [0, 3], []],
  "its gradient": [[0, 3], (x) => tf.grad((x) => tf.sum(tf.square(x)))(x), [0, 3], []],
  "convolved": [
    [0, 4, 4, 1],
    (x) => tf.conv2d(x as tf.Tensor4D, tf.ones([3, 3, 1, 2]) as tf.Tensor4D, 1, "same"),
    [0, 4, 4, 2],
    [],
  ],
};

for (const [name, [shape, fn, outShape, values]] of Object.entries(withoutElements)) {
  Deno.test(`a tensor without elements, ${name}, is right at once`, async () => {
    const program = await engine.compile(({ x }) => ({ y: fn(x!) }), { x: floats(...shape) });
    assert.deepEqual(program.outputs.y!.shape, outShape);
    const { y } = await program.run({ x: new Float32Array(0) });
    assert.deepEqual([...y!], values);
    await program.dispose();
  });
}

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
