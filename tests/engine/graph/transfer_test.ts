import assert from "node:assert/strict";
import { deserialize, serialize } from "node:v8";
import { valuesInOrder } from "../../../engine/graph/value.ts";
import { encodeOnnx } from "../../../engine/onnx/encode.ts";
import { trace } from "../../../engine/trace.ts";
import { digitsStep } from "../parity/digits.ts";

Deno.test("a graph that was sent as bytes is the graph that it was", async () => {
  const { fn, inputs } = await digitsStep("mini", [2, 12, 12]);
  const graph = trace(fn, inputs.signature);
  const { graph: received } = deserialize(serialize({ values: valuesInOrder(graph), graph }));
  assert.deepEqual(encodeOnnx(received), encodeOnnx(graph));
  assert.deepEqual(Object.keys(received.outputs), Object.keys(graph.outputs));
});
