import { tf } from "../engine/mod.ts";
import { initialParameters } from "../models/layers/mod.ts";
import type { Workload } from "./workload.ts";

/**
 * One step of a workload on tfjs's WebAssembly backend: its milliseconds, or why it cannot run. Only
 * one, because nothing in it is worth a second.
 */
export async function wasmStep({ specs, step, batch, data }: Workload): Promise<string> {
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  setWasmPaths(`${new URL("./", import.meta.resolve("@tensorflow/tfjs-backend-wasm")).href}`);
  const before = tf.getBackend();
  try {
    if (!await tf.setBackend("wasm")) return "the backend does not start here";
    const parameters = initialParameters(specs, 0);
    const tensors: Record<string, tf.Tensor> = {};
    for (const [name, { shape, dtype, perExample }] of Object.entries(step.inputs)) {
      tensors[name] = tf.tensor(data[name]!, perExample ? [batch, ...shape] : [...shape], dtype);
    }
    for (const [name, { shape, data }] of Object.entries(parameters)) {
      tensors[name] = tf.tensor(data, [...shape]);
    }
    const start = performance.now();
    const outputs = tf.tidy(() => step.apply(tensors));
    await outputs.loss!.data();
    return `${(performance.now() - start).toFixed(0)} ms`;
  } catch (error) {
    return `cannot run it: ${error instanceof Error ? error.message.split("\n")[0] : error}`;
  } finally {
    if (before) await tf.setBackend(before);
  }
}
