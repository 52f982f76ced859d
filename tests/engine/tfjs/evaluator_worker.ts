/** The thread that evaluates graphs; its name is the device. */
import type { Value } from "../../../engine/graph/value.ts";
import type { Signature } from "../../../engine/mod.ts";
import { COMPUTED, FAILED, HEADER, MESSAGE_BYTES, type Task } from "./evaluator.ts";
import { RUNTIMES, type SuiteDevice } from "./runtimes.ts";

const owner = self as unknown as Worker;
const runtime = RUNTIMES[self.name as SuiteDevice]();

owner.onmessage = async ({ data }: MessageEvent<Task>) => {
  const state = new Int32Array(data.memory, 0, 2);
  try {
    const result = await compute(data);
    const bytes = new Uint8Array(result.buffer, result.byteOffset, result.byteLength);
    new Uint8Array(data.memory, HEADER).set(bytes);
    Atomics.store(state, 0, COMPUTED);
  } catch (error) {
    const message = new TextEncoder().encode((error as Error).message).slice(0, MESSAGE_BYTES);
    new Uint8Array(data.memory, HEADER).set(message);
    Atomics.store(state, 1, message.length);
    Atomics.store(state, 0, FAILED);
  }
  Atomics.notify(state, 0);
};

async function compute({ graph, literals }: Task): Promise<Float32Array | Int32Array> {
  const inputs = Object.fromEntries(graph.inputs.map((value) => [value.node.name!, spec(value)]));
  const outputs = { output: spec(graph.outputs.output!) };
  const runner = await runtime.open({
    graph,
    inputs: inputs as Signature,
    outputs: outputs as Signature,
  });
  try {
    return (await runner.run({ ...literals })).output!.slice();
  } finally {
    await runner.dispose();
  }
}

function spec({ shape, dtype }: Value) {
  return { shape, dtype };
}

owner.postMessage(await runtime.dialect());
