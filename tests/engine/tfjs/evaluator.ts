/** Runs graphs on a device while the caller waits, which TensorFlow.js's `dataSync` needs. */
import { type Graph, sizeOf } from "../../../engine/graph/value.ts";
import type { Dialect } from "../../../engine/graph/builder.ts";
import type { SuiteDevice } from "./runtimes.ts";

export interface Problem {
  readonly graph: Graph;
  readonly literals: Readonly<Record<string, Float32Array | Int32Array>>;
}

export type Evaluator = (problem: Problem) => Float32Array | Int32Array;

/** What the evaluator's thread is told. The answer lies in `memory`: a state, then bytes. */
export interface Task extends Problem {
  readonly memory: SharedArrayBuffer;
}

/** Before the bytes of an answer: its state, and how many bytes of an error message there are. */
export const HEADER = 8;
export const [WAITING, COMPUTED, FAILED] = [0, 1, 2];
/** Room for an error message. */
export const MESSAGE_BYTES = 4096;

/** Starts a thread that evaluates graphs on a device, and says what they may consist of. */
export async function openEvaluator(device: SuiteDevice) {
  const worker = new Worker(new URL("evaluator_worker.ts", import.meta.url), {
    type: "module",
    name: device,
  });
  const dialect = await new Promise<Dialect>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  const evaluate: Evaluator = (problem) => {
    const { shape, dtype } = problem.graph.outputs.output!;
    const bytes = 4 * sizeOf(shape);
    const memory = new SharedArrayBuffer(HEADER + Math.max(bytes, MESSAGE_BYTES));
    const state = new Int32Array(memory, 0, 2);
    worker.postMessage({ ...problem, memory } satisfies Task);
    if (Atomics.wait(state, 0, WAITING, 60_000) === "timed-out") throw new Error("No answer");
    if (state[0] === FAILED) {
      const message = new Uint8Array(memory, HEADER, state[1]).slice();
      throw new Error(new TextDecoder().decode(message));
    }
    const answer = memory.slice(HEADER, HEADER + bytes);
    const copy = new Uint8Array(bytes);
    copy.set(new Uint8Array(answer));
    return dtype === "float32" ? new Float32Array(copy.buffer) : new Int32Array(copy.buffer);
  };
  return { evaluate, dialect, close: () => worker.terminate() };
}
