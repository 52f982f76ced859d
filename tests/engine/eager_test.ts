import assert from "node:assert/strict";
import { type Arrays, type Engine, openEngine, tf, UserError } from "../../engine/mod.ts";
import { arrays, draw, inputs, trainingStep } from "./small_step.ts";

function assertClose(actual: Arrays, expected: Arrays, tolerance: number) {
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort());
  for (const [name, values] of Object.entries(expected)) {
    assert.equal(actual[name]!.length, values.length, name);
    values.forEach((value, i) => {
      const difference = Math.abs(actual[name]![i]! - value);
      assert.ok(difference <= tolerance * Math.max(1, Math.abs(value)), `${name}[${i}]`);
    });
  }
}

async function withEngine(body: (engine: Engine) => Promise<void>) {
  const engine = await openEngine({ device: "tfjs-cpu" });
  try {
    await body(engine);
  } finally {
    await engine.dispose();
  }
}

Deno.test("an eager program computes what the compiled one does, gradients included", async () => {
  const compiled = await openEngine({ device: "cpu" });
  await withEngine(async (engine) => {
    assert.equal(engine.device, "tfjs-cpu");
    const program = await engine.compile(trainingStep, inputs);
    const twin = await compiled.compile(trainingStep, inputs);
    assert.deepEqual(program.outputs, twin.outputs);
    assert.deepEqual(program.outputs, {
      loss: { shape: [], dtype: "float32" },
      gradient: { shape: [4, 3], dtype: "float32" },
    });
    assertClose(await program.run(arrays()), await twin.run(arrays()), 1e-6);
  });
  await compiled.dispose();
});

Deno.test("an eager program's gradient is the slope of its loss", async () => {
  await withEngine(async (engine) => {
    const program = await engine.compile(trainingStep, inputs);
    const gradient = (await program.run(arrays())).gradient!.slice();
    for (let i = 0; i < 12; i++) {
      const at = async (shift: number) => {
        const moved = arrays();
        moved.w![i]! += shift;
        return (await program.run(moved)).loss![0]!;
      };
      // Central differences in float32: rounding of 6e-8 over a step of 2e-2, and curvature.
      const slope = (await at(1e-2) - await at(-1e-2)) / 2e-2;
      assert.ok(Math.abs(slope - gradient[i]!) < 2e-5, `element ${i}: ${slope}, ${gradient[i]}`);
    }
  });
});

Deno.test("eager replicas give the mean, or the whole, of what their slices give", async () => {
  await withEngine(async (engine) => {
    const whole = await engine.compile(trainingStep, inputs);
    const mean = await engine.compile(trainingStep, inputs, {
      replicas: { count: 3, split: ["x", "labels"], outputs: "mean" },
    });
    assert.deepEqual(mean.outputs, whole.outputs);
    assertClose(await mean.run(arrays()), await whole.run(arrays()), 1e-6);

    const predict = ({ x, w }: Record<string, tf.Tensor>) => ({
      scores: tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D),
      best: tf.argMax(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), 1),
    });
    const { labels: _, ...signature } = inputs;
    const { labels: __, ...given } = arrays();
    const once = await engine.compile(predict, signature);
    const joined = await engine.compile(predict, signature, {
      replicas: { count: 2, split: ["x"], outputs: "concat" },
    });
    assert.deepEqual(joined.outputs, {
      scores: { shape: [6, 3], dtype: "float32" },
      best: { shape: [6], dtype: "int32" },
    });
    assert.deepEqual(await joined.run(given), await once.run(given));
  });
});

Deno.test("eager constants are copied once and may be returned", async () => {
  await withEngine(async (engine) => {
    const data = new Float32Array([1, 2]);
    const program = await engine.compile(
      ({ x, c }) => ({ x: x!, c: c!, again: c!, sum: tf.add(x!, c!) }),
      { x: { shape: [2], dtype: "float32" } },
      { constants: { c: { data, shape: [2] } } },
    );
    data.fill(100);
    for (const x of [[5, 6], [7, 8]] as const) {
      const given = new Float32Array(x);
      assert.deepEqual(await program.run({ x: given }), {
        x: given,
        c: new Float32Array([1, 2]),
        again: new Float32Array([1, 2]),
        sum: new Float32Array([x[0] + 1, x[1] + 2]),
      });
    }
  });
});

Deno.test("an eager program owns its outputs and writes them over", async () => {
  await withEngine(async (engine) => {
    const program = await engine.compile(
      ({ x }) => ({ y: x! }),
      { x: { shape: [1], dtype: "int32" } },
    );
    const x = new Int32Array([1]);
    const first = (await program.run({ x })).y!;
    assert.notEqual(first.buffer, x.buffer);
    const second = (await program.run({ x: new Int32Array([2]) })).y!;
    assert.equal(second, first);
    assert.deepEqual([...second], [2]);
  });
});

Deno.test("eager programs leave no tensors behind, and the current backend as it was", async () => {
  await tf.setBackend("cpu");
  const before = tf.memory().numTensors;
  await withEngine(async (engine) => {
    const constants = { w: { data: draw("w", 12), shape: [4, 3] } };
    const { w: _, ...signature } = inputs;
    const { w: __, ...given } = arrays();
    const program = await engine.compile(trainingStep, signature, { constants });
    const compiled = tf.memory().numTensors;
    for (let i = 0; i < 3; i++) await program.run(given);
    assert.equal(tf.memory().numTensors, compiled);
    assert.equal(compiled, before + 1);
  });
  assert.equal(tf.memory().numTensors, before);
  assert.equal(tf.getBackend(), "cpu");
});

Deno.test("an eager program refuses inputs that do not fit, with what it takes", async () => {
  await withEngine(async (engine) => {
    const program = await engine.compile(trainingStep, inputs);
    const refused = async (given: Arrays, message: RegExp) => {
      await assert.rejects(program.run(given), (error) => {
        return error instanceof UserError && message.test(error.message);
      });
    };
    const { w: _, ...missing } = arrays();
    await refused(missing, /Missing input "w": float32 of shape \[4,3\], 12 elements/);
    await refused({ ...arrays(), bias: new Float32Array(3) }, /No input "bias": .* x, labels, w/);
    await refused({ ...arrays(), w: new Float32Array(11) }, /"w" is float32 of length 11: .* 12 /);
    await refused({ ...arrays(), labels: new Float32Array(6) }, /"labels" is float32 .* int32 of/);
  });
});

Deno.test("an eager program has no graph to export, and refuses types that cannot leave", async () => {
  await withEngine(async (engine) => {
    const x = { shape: [2], dtype: "float32" } as const;
    const program = await engine.compile(({ x }) => ({ y: x! }), { x });
    assert.throws(() => program.toOnnx(), {
      name: "UserError",
      message: "Cannot export to ONNX: an eager device runs functions without a graph; " +
        "compile it on cpu",
    });
    await assert.rejects(engine.compile(({ x }) => ({ y: tf.greater(x!, 0) }), { x }), {
      name: "UserError",
      message: 'Output "y" is bool: outputs are float32 or int32, so cast it',
    });
  });
});

/**
 * What a device that may be absent does: the right numbers, or an error that says what to do. Each
 * has a process of its own, because native libraries may clash: TensorFlow and Mesa's software
 * Vulkan both bring LLVM, and crash together.
 */
async function worksOrExplains(device: "tfjs-webgpu" | "tensorflow", explanation: RegExp) {
  const script = new URL("run_device.ts", import.meta.url).href;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-read", "--allow-env", "--allow-sys", "--allow-ffi"]
      .concat(script, device),
    stderr: "null",
  }).output();
  const answer = JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
  if (answer.error) {
    assert.equal(answer.error.name, "UserError", answer.error.message);
    assert.match(answer.error.message, explanation);
    return;
  }
  assert.equal(answer.device, device);
  await withEngine(async (reference) => {
    const expected = await (await reference.compile(trainingStep, inputs)).run(arrays());
    assertClose(answer.result, expected, 1e-5);
  });
}

Deno.test("tfjs-webgpu computes what tfjs-cpu does, or says that there is no adapter", async () => {
  await worksOrExplains("tfjs-webgpu", /^Device tfjs-webgpu cannot be used here: .*; use cpu$/);
});

Deno.test("tensorflow computes what tfjs-cpu does, or says how to install it", async () => {
  await worksOrExplains(
    "tensorflow",
    /^Device tensorflow needs @tensorflow\/tfjs-node-gpu, .*`deno task setup:tensorflow` \(--cuda/,
  );
});
