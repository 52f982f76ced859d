import assert from "node:assert/strict";
import { openEngine, tf } from "../../engine/mod.ts";
import { trace } from "../../engine/trace.ts";

const signature = { x: { shape: [2, 3], dtype: "float32" } } as const;

/** The line on which this is called. */
function line(): number {
  return Number(/trace_test\.ts:(\d+)/.exec(new Error().stack!.split("\n")[2]!)![1]);
}

Deno.test("a kernel without a lowering fails while tracing, named with its place", () => {
  let at = 0;
  const fn = ({ x }: Record<string, tf.Tensor>) => {
    at = line() + 1;
    return { y: tf.erf(tf.unique(tf.reshape(x!, [6])).values) };
  };
  assert.throws(() => trace(fn, signature), (error: Error) => {
    assert.match(error.message, /^TensorFlow\.js's Unique has no lowering to ONNX: /);
    assert.match(
      error.message,
      / add one to engine\/lowering, or write the function without it \(/,
    );
    assert.match(error.message, new RegExp(`\\(at .*tests/engine/trace_test\\.ts:${at}:`));
    assert.ok(error.stack!.includes(error.message));
    return true;
  });
});

Deno.test("shapes that do not fit are reported with the author's line, gradients included", () => {
  const inputs = {
    x: { shape: [2, 3], dtype: "float32" },
    y: { shape: [2, 4], dtype: "float32" },
  } as const;
  type Fn = (x: tf.Tensor, y: tf.Tensor) => tf.Tensor;
  const mistakes: readonly (readonly [Fn, RegExp])[] = [
    [
      (x, y) => tf.matMul(x, y),
      /^Cannot multiply matrices of shapes \[2,3\] and \[2,4\]: the inner axes 3 and 2 must be equal /,
    ],
    [
      (x, y) => tf.matMul(x, y, false, true),
      /^Cannot multiply matrices of shapes \[2,3\] and \[2,4\] transposed: the inner axes 3 and 4 /,
    ],
    [
      (x, y) => tf.concat([x, y], 0),
      /^Cannot join shapes \[2,3\] and \[2,4\] along axis 0: all other axes must be equal /,
    ],
    [(x, y) => tf.stack([x, y]), /^Cannot join shapes \[1,2,3\] and \[1,2,4\] along axis 0: /],
    [
      (x) => tf.slice(x, [0, 1], [2, 3]),
      /^Error in slice2D: begin\[1\] \+ size\[1\] \(4\) would overflow input\.shape\[1\] \(3\) /,
    ],
    [
      (x, y) => tf.add(x, y),
      /^Shapes \[2,3\] and \[2,4\] do not broadcast at axis 1: 3 and 4 /,
    ],
    [(x, y) => tf.grad((x) => tf.sum(tf.matMul(x, y)))(x), /^Cannot multiply matrices /],
  ];
  for (const [fn, message] of mistakes) {
    assert.throws(
      () => trace(({ x, y }) => ({ z: fn(x!, y!) }), inputs),
      (error: Error) => {
        assert.match(error.message, message);
        assert.match(error.message, /\(at .*tests\/engine\/trace_test\.ts:\d+:\d+\)*$/);
        return true;
      },
    );
  }
});

Deno.test("what the author's own code throws is left as it is", () => {
  assert.throws(
    () =>
      trace(() => {
        throw new Error("mine");
      }, signature),
    /^Error: mine$/,
  );
});

Deno.test("looking at values while tracing fails and says where", async () => {
  const message =
    /A traced function cannot look at the values of its tensors: .*trace_test\.ts:\d+:\d+\)$/;
  assert.throws(() => trace(({ x }) => ({ y: tf.scalar(x!.dataSync()[0]!) }), signature), message);
  assert.throws(
    () => trace(({ x }) => ({ y: tf.scalar(x!.arraySync() as never) }), signature),
    message,
  );
  let reading: Promise<unknown> | undefined;
  trace(({ x }) => {
    reading = x!.data();
    reading.catch(() => {});
    return { y: x! };
  }, signature);
  await assert.rejects(reading!, message);
});

Deno.test("a traced function must not trace another", () => {
  assert.throws(
    () => trace(({ x }) => (trace(({ x }) => ({ y: x! }), signature), { y: x! }), signature),
    /^Error: A traced function must not trace another one \(at .*trace_test\.ts/,
  );
});

Deno.test("a tensor that escapes from a traced function cannot be computed with", () => {
  let escaped: tf.Tensor | undefined;
  trace(({ x }) => ({ y: escaped = tf.keep(tf.exp(x!)) }), signature);
  assert.throws(() => tf.exp(escaped!), /used after the trace: return it instead/);
  escaped!.dispose();
});

Deno.test("tracing, compiling and running leave no tensors behind", async () => {
  await tf.setBackend("cpu");
  const mine = tf.ones([3]);
  const engine = await openEngine({ device: "cpu" });
  const fn = ({ x, c }: Record<string, tf.Tensor>) => {
    const { value, grads } = tf.valueAndGrads((x: tf.Tensor) =>
      tf.sum(tf.mul(tf.square(tf.softmax(x)), c!)) as tf.Scalar
    )([x!]);
    return { value, gradient: grads[0]! };
  };
  const { numTensors } = tf.memory();
  const constants = { c: { shape: [3], data: Float32Array.of(1, 2, 3) } };
  trace(fn, signature, constants);
  const program = await engine.compile(fn, signature, { constants });
  await program.run({ x: new Float32Array(6) });
  program.toOnnx();
  await program.dispose();
  assert.equal(tf.memory().numTensors, numTensors);
  assert.throws(() => trace(({ x }) => ({ y: tf.unique(tf.exp(x!)).values }), signature));
  assert.equal(tf.memory().numTensors, numTensors);
  mine.dispose();
  await engine.dispose();
});

Deno.test("tensors made outside of a traced function are constants in it, and outlive it", async () => {
  await tf.setBackend("cpu");
  const weights = tf.tensor1d([1, 2, 3]);
  const engine = await openEngine({ device: "cpu" });
  const program = await engine.compile(
    ({ x }) => ({ y: tf.sum(tf.mul(x!, weights), 1) }),
    signature,
  );
  assert.deepEqual([...weights.dataSync()], [1, 2, 3]);
  assert.deepEqual([...tf.add(weights, 1).dataSync()], [2, 3, 4]);
  const { y } = await program.run({ x: Float32Array.of(1, 1, 1, 2, 2, 2) });
  assert.deepEqual([...y!], [6, 12]);
  weights.dispose();
  await engine.dispose();
});

Deno.test("TensorFlow.js works by itself after a first trace, without a backend chosen", async () => {
  const script = `
    import { tf } from ${JSON.stringify(import.meta.resolve("../../engine/mod.ts"))};
    import { trace } from ${JSON.stringify(import.meta.resolve("../../engine/trace.ts"))};
    trace(({ x }) => ({ y: tf.neg(x) }), { x: { shape: [1], dtype: "float32" } });
    console.log(tf.add(tf.tensor1d([1, 2]), 1).dataSync().join());
  `;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--config", "deno.json"]
      .concat("--allow-read", "--allow-env", "--allow-sys", "--allow-ffi")
      .concat(`data:text/typescript,${encodeURIComponent(script)}`),
    cwd: new URL("../..", import.meta.url),
    stderr: "null",
  }).output();
  assert.equal(new TextDecoder().decode(stdout).trim(), "2,3");
});

Deno.test("random numbers of TensorFlow.js and JavaScript are refused by name, seeded or not", () => {
  const draws: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
    "tf.dropout": (x) => tf.dropout(x, 0.5),
    "tf.randomNormal": () => tf.randomNormal([4]),
    "tf.randomUniform": () => tf.randomUniform([4], 0, 1, "float32", 7),
    "tf.truncatedNormal": () => tf.truncatedNormal([4]),
    "tf.randomGamma": () => tf.randomGamma([4], 1),
    "tf.rand": () => tf.rand([4], () => 0.5),
    "Math.random": (x) => tf.mul(x, Math.random()),
  };
  const { random } = Math;
  for (const [name, fn] of Object.entries(draws)) {
    assert.throws(
      () => trace(({ x }) => ({ y: fn(x!) }), signature),
      (error: Error) => {
        assert.ok(
          error.message.startsWith(`${name} in a traced function would draw once, and every run`),
          error.message,
        );
        assert.match(
          error.message,
          /use dropout\(\), randomNormal\(\) or randomUniform\(\) of engine/,
        );
        assert.match(error.message, /trace_test\.ts:\d+:\d+\)*$/);
        return true;
      },
    );
    assert.equal(Math.random, random);
  }
});

Deno.test("tracing restores the backend that was there, failing or not", async () => {
  await tf.setBackend("cpu");
  trace(({ x }) => ({ y: tf.exp(x!) }), signature);
  assert.equal(tf.getBackend(), "cpu");
  assert.throws(() => trace(({ x }) => ({ y: tf.unique(x!).values }), signature));
  assert.equal(tf.getBackend(), "cpu");
  assert.deepEqual([...tf.add([1], [2]).dataSync()], [3]);
});
