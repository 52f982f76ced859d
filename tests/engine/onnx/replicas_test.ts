import assert from "node:assert/strict";
import { type FromReplica, REPLICA_THREAD, type ToReplica } from "../../../engine/onnx/session.ts";
import { type Arrays, openEngine, tf, UserError } from "../../../engine/mod.ts";
import { copyOf, distance } from "../parity/agreement.ts";
import { digitsStep, perExample } from "../parity/digits.ts";

const engine = await openEngine({ device: "cpu" });

Deno.test("2 and 4 replicas train as one does", async () => {
  const { fn, inputs } = await digitsStep("tiny", [4, 8, 8]);
  const results: Arrays[] = [];
  for (const count of [1, 2, 4]) {
    const program = await engine.compile(fn, inputs.signature, {
      replicas: { count, split: perExample, outputs: "mean" },
    });
    await program.run(inputs.arrays);
    results.push(copyOf(await program.run(inputs.arrays)));
    assert.deepEqual(program.inputs, inputs.signature);
    await program.dispose();
  }
  const [one, ...others] = results;
  for (const other of others) {
    for (const [name, values] of Object.entries(one!)) {
      // Zero but for rounding: see the parity tests.
      if (name === "grad/attend.key.bias") continue;
      const off = distance(other[name]!, values);
      assert.ok(off <= 1e-5, `${name} is off by ${off} of its norm`);
    }
  }
});

const signature = {
  x: { shape: [4, 3], dtype: "float32" },
  row: { shape: [3], dtype: "float32" },
} as const;
const arrays = () => ({
  x: Float32Array.from({ length: 12 }, (_, i) => i),
  row: Float32Array.of(100, 200, 300),
});

const replicas = (count: number, outputs: "mean" | "concat", split = ["x"]) => ({
  replicas: { count, split, outputs },
});

Deno.test("1, 2 and 4 replicas put the examples together again in order", async () => {
  for (const count of [1, 2, 4]) {
    const program = await engine.compile(
      ({ x, row }) => ({
        sum: tf.add(x!, row!),
        index: tf.argMax(tf.neg(x!), 1),
      }),
      signature,
      replicas(count, "concat"),
    );
    assert.deepEqual(program.outputs, {
      sum: { shape: [4, 3], dtype: "float32" },
      index: { shape: [4], dtype: "int32" },
    });
    const { sum, index } = await program.run(arrays());
    const expected = [100, 201, 302, 103, 204, 305, 106, 207, 308, 109, 210, 311];
    assert.deepEqual([...sum!], expected);
    assert.deepEqual([...index!], [0, 0, 0, 0]);
    await program.dispose();
  }
});

Deno.test("replicas give the mean of their means", async () => {
  const program = await engine.compile(
    ({ x, row }) => ({ mean: tf.mean(tf.mul(x!, row!)) }),
    signature,
    replicas(4, "mean"),
  );
  const { x, row } = arrays();
  const expected = x.reduce((sum, value, i) => sum + value * row[i % 3]!, 0) / 12;
  const { mean } = await program.run(arrays());
  assert.equal(mean!.length, 1);
  assert.ok(Math.abs(mean![0]! / expected - 1) < 1e-6, `${mean} instead of ${expected}`);
  await program.dispose();
});

Deno.test("a batch that does not divide, or an input that is not there, is refused", async () => {
  const fn = ({ x }: Record<string, tf.Tensor>) => ({ y: tf.mean(x!) });
  await assert.rejects(
    engine.compile(fn, signature, replicas(3, "mean")),
    new UserError(
      'Cannot split input "x" of shape [4,3] into 3: its first axis must be a multiple of 3',
    ),
  );
  await assert.rejects(
    engine.compile(fn, signature, replicas(2, "mean", ["images"])),
    new UserError('Cannot split input "images": the program takes x, row'),
  );
});

Deno.test("inputs of a program with replicas are those of the whole batch", async () => {
  const program = await engine.compile(
    ({ x }) => ({ y: tf.mean(x!) }),
    { x: signature.x },
    replicas(2, "mean"),
  );
  await assert.rejects(
    program.run({ x: new Float32Array(6) }),
    new UserError(
      'Input "x" is float32 of length 6: the program takes float32 of shape [4,3], 12 elements',
    ),
  );
  await program.dispose();
});

Deno.test("a run that fails in one replica fails, and the next one works", async () => {
  const program = await engine.compile(
    ({ table, rows }) => ({ y: tf.gather(table!, rows as tf.Tensor1D) }),
    { table: { shape: [3, 2], dtype: "float32" }, rows: { shape: [4], dtype: "int32" } },
    replicas(4, "concat", ["rows"]),
  );
  const table = Float32Array.of(0, 1, 2, 3, 4, 5);
  // The last index is that of the last replica's thread.
  await assert.rejects(
    program.run({ table, rows: Int32Array.of(0, 1, 2, 99) }),
    /indices element out of data bounds, idx=99/,
  );
  const { y } = await program.run({ table, rows: Int32Array.of(2, 0, 1, 2) });
  assert.deepEqual([...y!], [4, 5, 0, 1, 2, 3, 4, 5]);
  await program.dispose();
});

Deno.test("a replica that cannot load its model says so", async () => {
  const worker = new Worker(REPLICA_THREAD, {
    type: "module",
  });
  const ask = (message: ToReplica) =>
    new Promise<FromReplica>((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage(message);
    });
  const answer = await ask({
    kind: "open",
    program: 0,
    model: Uint8Array.of(1, 2, 3),
    inputSignature: {},
    outputSignature: {},
    inputs: {},
    outputs: {},
  });
  assert.equal(answer.kind, "failed");
  assert.match((answer as { message: string }).message, /protobuf|model/i);
  assert.deepEqual(await ask({ kind: "run", program: 0 }), {
    kind: "failed",
    message: "Internal: a replica was run before it was opened",
  });
  worker.terminate();
});

Deno.test("programs share the threads of their replicas, and are given up in any order", async () => {
  const own = await openEngine({ device: "cpu" });
  const times = (factor: number) =>
    own.compile(({ x }) => ({ y: tf.mul(x!, factor) }), { x: signature.x }, replicas(2, "concat"));
  const run = async (program: { run(inputs: Arrays): Promise<Arrays> }) =>
    (await program.run({ x: arrays().x })).y![11];
  const programs = [await times(2), await times(3), await times(5)];
  assert.deepEqual(await Promise.all(programs.map(run)), [22, 33, 55]);
  await programs[1]!.dispose();
  assert.deepEqual([await run(programs[0]!), await run(programs[2]!)], [22, 55]);
  await own.dispose();
  const again = await times(7);
  assert.equal(await run(again), 77);
  await own.dispose();
});

Deno.test("replicasFor() divides the batch, and is 1 for a single example", () => {
  assert.equal(engine.replicasFor(1), 1);
  for (const batch of [2, 6, 7, 64]) {
    const count = engine.replicasFor(batch);
    assert.equal(batch % count, 0);
    assert.ok(count >= 1 && count <= navigator.hardwareConcurrency);
  }
});
