import { encodeOnnx } from "../../../engine/onnx/encode.ts";
import { openSession } from "../../../engine/onnx/session.ts";
import type { Graph } from "../../../engine/graph/value.ts";
import type { Arrays, Signature } from "../../../engine/mod.ts";
import type { Plain } from "./plain.ts";

/** The only output, "y", of a graph of floats, computed by ONNX Runtime. */
export async function compute(graph: Graph, inputs: readonly Plain[]): Promise<Plain> {
  const signature: Signature = Object.fromEntries(
    graph.inputs.map(({ node, shape }) => [node.name!, { shape, dtype: "float32" }]),
  );
  const { shape } = graph.outputs.y!;
  const session = await openSession(encodeOnnx(graph), signature, {
    y: { shape, dtype: "float32" },
  }, 1);
  graph.inputs.forEach(({ node }, i) => session.inputs[node.name!]!.set(inputs[i]!.data));
  await session.run();
  const data = [...(session.outputs as Arrays).y!];
  await session.release();
  return { shape, data };
}
