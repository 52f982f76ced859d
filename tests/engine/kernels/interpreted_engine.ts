import { compileKernels } from "../../../engine/kernels/compile.ts";
import { KERNEL_DIALECT } from "../../../engine/kernels/runtime.ts";
import type { Arrays, Engine, Signature } from "../../../engine/mod.ts";
import { allocate } from "../../../engine/call.ts";
import { trace } from "../../../engine/trace.ts";
import { interpret } from "./interpret.ts";

/** An engine whose programs are kernels, interpreted. */
export const interpretedEngine: Engine = {
  device: "webgpu",
  description: "kernels, interpreted",
  replicasFor: () => 1,
  compile(fn, inputs, { constants = {} } = {}) {
    const graph = trace(fn, inputs, constants, KERNEL_DIALECT);
    const program = compileKernels(graph);
    const outputs = Object.fromEntries(
      Object.entries(graph.outputs).map(([name, { shape, dtype }]) => [name, { shape, dtype }]),
    ) as Signature;
    return Promise.resolve({
      inputs,
      outputs,
      run: (arrays) => Promise.resolve(interpret(program, arrays)),
      toOnnx: () => {
        throw new Error("Interpreted kernels are not exported");
      },
      dispose: () => Promise.resolve(),
    });
  },
  compileResident(fn, inputs, state, { constants = {} } = {}) {
    const graph = trace(fn, { ...inputs, ...state }, constants, KERNEL_DIALECT);
    const program = compileKernels(graph, Object.keys(state));
    const kept: Arrays = Object.fromEntries(
      Object.entries(state).map(([name, spec]) => [name, allocate(spec)]),
    );
    const write = (arrays: Arrays) => {
      for (const [name, array] of Object.entries(arrays)) kept[name]!.set(array);
    };
    return Promise.resolve({
      inputs,
      state,
      enqueue: (arrays) => write(interpret(program, { ...arrays, ...kept })),
      read(into) {
        for (const [name, array] of Object.entries(into)) array.set(kept[name]!);
        return Promise.resolve();
      },
      write,
      dispose: () => Promise.resolve(),
    });
  },
  dispose: () => Promise.resolve(),
};
