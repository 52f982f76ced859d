/** Graphs for runtimes that lack the operators which not all of them have. */
import assert from "node:assert/strict";
import { OPTIONAL_OPERATORS } from "../../../engine/graph/builder.ts";
import { liveNodes } from "../../../engine/graph/value.ts";
import { normals, tf } from "../../../engine/mod.ts";
import { onnxRuntime } from "../../../engine/onnx/runtime.ts";
import { trace } from "../../../engine/trace.ts";

const SHAPES = { x: [2, 3, 4, 5], y: [2, 3, 4, 5] } as const;
const inputs = Object.fromEntries(
  Object.entries(SHAPES).map(([name, shape]) => [name, { shape, dtype: "float32" as const }]),
);
const arrays = Object.fromEntries(
  Object.keys(SHAPES).map((stream) => [stream, normals({ seed: 0, stream, step: 0 }, 120)]),
);

const functions: Record<string, (x: tf.Tensor, y: tf.Tensor) => tf.Tensor> = {
  "x · yᵀ": (x, y) => tf.matMul(x, y, false, true),
  "xᵀ · y": (x, y) => tf.matMul(x, y, true, false),
  "xᵀ · yᵀ": (x, y) => tf.matMul(x, tf.transpose(y, [0, 1, 3, 2]), true, true),
  "x · (yᵀ), transposed before": (x, y) => tf.matMul(x, tf.transpose(y, [0, 1, 3, 2])),
  "c (x · yᵀ)": (x, y) => tf.mul(tf.matMul(x, y, false, true), 0.25),
  "a gradient of (x · yᵀ)²": (x, y) =>
    tf.grad((y) => tf.sum(tf.square(tf.matMul(x, y, false, true))))(y),
  "x sigmoid(x)": (x) => tf.mul(x, tf.sigmoid(x)),
  "x sigmoid(1.7 x)": (x) => tf.mul(x, tf.sigmoid(tf.mul(x, 1.7))),
  "sign of x and of 0": (x) => tf.sign(tf.mul(x, tf.relu(x))),
};

for (const [name, f] of Object.entries(functions)) {
  Deno.test(`${name} without optional operators: the same numbers`, async () => {
    const fn = ({ x, y }: Record<string, tf.Tensor>) => ({ z: f(x!, y!) });
    const results = await Promise.all(
      [{}, { optional: new Set<never>() }].map(async (dialect) => {
        const graph = trace(fn, inputs, {}, dialect);
        const { shape } = graph.outputs.z!;
        const outputs = { z: { shape, dtype: "float32" } } as const;
        const runner = await onnxRuntime().open({ graph, inputs, outputs });
        const { z } = await runner.run(arrays);
        const values = [...z!];
        await runner.dispose();
        const used = liveNodes(graph).map(({ op }) => op);
        return { values, optional: OPTIONAL_OPERATORS.filter((op) => used.includes(op)) };
      }),
    );
    const [own, standard] = results as [typeof results[0], typeof results[0]];
    assert.notDeepEqual(own.optional, []);
    assert.deepEqual(standard.optional, []);
    own.values.forEach((value, i) => assert.ok(Math.abs(value - standard.values[i]!) < 1e-4));
  });
}
