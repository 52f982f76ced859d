import assert from "node:assert/strict";
import onnxProto from "onnx-proto";
import { encodeOnnx } from "../../../engine/onnx/encode.ts";
import { tf } from "../../../engine/mod.ts";
import { traced } from "../graph/traced.ts";

function decoded(...args: Parameters<typeof traced>) {
  const { graph, ...model } = onnxProto.onnx.ModelProto.decode(encodeOnnx(traced(...args)));
  return { ...model, graph: graph! };
}

Deno.test("a constant of one value takes a few bytes, however large its shape", () => {
  const { initializer } = decoded(
    { x: [64, 64] },
    ({ x }) =>
      tf.add(
        tf.concat([tf.mul(x, tf.fill([64, 64], 2)), tf.zeros([64, 64])], 1),
        tf.ones([64, 128]),
      ),
  ).graph;
  const sizes = initializer!.map(({ rawData }) => rawData!.length);
  assert.ok(sizes.length > 0 && sizes.every((size) => size <= 16), `${sizes}`);
});

Deno.test("a constant of different values is stored once", () => {
  const values = Array.from({ length: 300 }, (_, i) => i);
  const { initializer } = decoded({ x: [300] }, ({ x }) => {
    const constant = tf.tensor1d(values);
    return tf.add(tf.mul(x, constant), constant);
  }).graph;
  assert.deepEqual(initializer!.map(({ dims }) => dims!.map(Number)), [[300]]);
  const { rawData } = initializer![0]!;
  assert.deepEqual([...new Float32Array(Uint8Array.from(rawData!).buffer)], values);
});

Deno.test("names of inputs and outputs are kept, even where an output is an input", () => {
  const { graph } = decoded({ x: [2], unused: [3] }, ({ x }) => ({ same: x, twice: tf.add(x, x) }));
  assert.deepEqual(graph.input!.map(({ name }) => name), ["x", "unused"]);
  assert.deepEqual(graph.output!.map(({ name }) => name), ["same", "twice"]);
  const made = graph.node!.flatMap(({ output }) => output!);
  assert.equal(new Set(made).size, made.length);
});

Deno.test("dead operators and their constants are not written", () => {
  const { graph } = decoded({ x: [3] }, ({ x }) => {
    tf.mul(x, tf.tensor1d([1, 2, 3]));
    return tf.exp(x);
  });
  assert.deepEqual(graph.node!.map(({ opType }) => opType), ["Exp", "Identity"]);
  assert.deepEqual(graph.initializer, []);
});

Deno.test("only operator sets in use are named", () => {
  const domains = (fn: (x: tf.Tensor) => tf.Tensor) =>
    decoded({ x: [3] }, ({ x }) => fn(x)).opsetImport!.map(({ domain }) => domain);
  assert.deepEqual(domains((x) => tf.exp(x)), [""]);
  assert.deepEqual(domains((x) => tf.mul(x, tf.sigmoid(x))), ["", "com.microsoft"]);
});
