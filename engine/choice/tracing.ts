/** An engine that writes down the programs it is given and runs none. */
import { traceFor } from "../compiled.ts";
import { encodeOnnx } from "../onnx/encode.ts";
import type { GraphRuntime, TracedProgram } from "../runtime.ts";
import { trace } from "../trace.ts";
import type { Engine } from "../types.ts";

/**
 * Opens an engine that traces functions as the runtime's own engine would.
 *
 * @param onProgram Called with each program that is compiled.
 */
export function openTracingEngine(
  runtime: Pick<GraphRuntime, "device" | "dialect">,
  onProgram: (program: TracedProgram) => void,
): Engine {
  return {
    device: runtime.device,
    description: `The graphs of programs for ${runtime.device}, which are not run`,
    replicasFor: () => 1,
    async compile(fn, inputs, { constants = {} } = {}) {
      const program = await traceFor(runtime, fn, inputs, { constants });
      onProgram(program);
      return {
        inputs,
        outputs: program.outputs,
        run: () => Promise.reject(new Error("A tracing engine runs no programs")),
        toOnnx: () => encodeOnnx(trace(fn, inputs, constants)),
        dispose: () => Promise.resolve(),
      };
    },
    dispose: () => Promise.resolve(),
  };
}
