import { printGraph } from "./print.ts";
import type { Graph } from "../../../engine/graph/value.ts";
import type { tf } from "../../../engine/mod.ts";
import { trace } from "../../../engine/trace.ts";

// deno-lint-ignore no-explicit-any -- so that a test can name its tensors' ranks
type Tensors = Record<string, any>;

/** The graph of a function of float tensors of these shapes. */
export function traced(
  shapes: Readonly<Record<string, readonly number[]>>,
  fn: (inputs: Tensors) => tf.Tensor | Record<string, tf.Tensor>,
  blockSize = 0,
): Graph {
  const signature = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, { shape, dtype: "float32" as const }]),
  );
  const outputs = (inputs: Tensors) => {
    const result = fn(inputs);
    return "dataId" in result ? { y: result as tf.Tensor } : result;
  };
  return trace(outputs, signature, {}, { blockSize });
}

/** The same as text, without the line that lists the inputs. */
export function printed(...args: Parameters<typeof traced>): string {
  return printGraph(traced(...args)).split("\n").slice(1).join("\n");
}
