/** Engines that trace functions to graphs, which a runtime carries out. */
import type { Graph } from "./graph/value.ts";
import { encodeOnnx } from "./onnx/encode.ts";
import type {
  CompileOptions,
  DType,
  Engine,
  GraphRuntime,
  Program,
  Replicas,
  ResidentProgram,
  Signature,
  TensorFunction,
  TracedProgram,
} from "./types.ts";
import {
  checkInputs,
  checkNames,
  mapValues,
  outputSpec,
  programOn,
  sliceSignature,
  timesBatch,
} from "./call.ts";
import { trace } from "./trace.ts";

/** More replicas than this gain little: the parameters are copied to each of them at every run. */
const MAX_REPLICAS = 16;

/** An engine that traces functions to graphs and lets a runtime carry them out. */
export function openCompiledEngine(runtime: GraphRuntime): Engine {
  const programs = new Set<{ dispose(): Promise<void> }>();
  /** The program, which the engine disposes of where its owner did not. */
  const owned = <P extends { dispose(): Promise<void> }>(compiled: P): P => {
    const program = {
      ...compiled,
      async dispose() {
        if (programs.delete(program)) await compiled.dispose();
      },
    };
    programs.add(program);
    return program;
  };
  return {
    device: runtime.device,
    description: runtime.description,
    replicasFor: (batchSize) => runtime.divides ? largestDivisor(batchSize) : 1,
    compile: async (fn, inputs, options = {}) => owned(await compile(runtime, fn, inputs, options)),
    compileResident: runtime.openResident &&
      (async (fn, inputs, state, options = {}) =>
        owned(await compileResident(runtime, fn, inputs, state, options))),
    async dispose() {
      await Promise.all([...programs].map((program) => program.dispose()));
      await runtime.close?.();
    },
  };
}

/** The largest number of replicas, up to the number of cores, that divides the batch. */
function largestDivisor(batchSize: number): number {
  const limit = Math.min(navigator.hardwareConcurrency, MAX_REPLICAS, batchSize);
  for (let count = limit; count > 1; count--) if (batchSize % count === 0) return count;
  return 1;
}

async function compile(
  runtime: GraphRuntime,
  fn: TensorFunction,
  inputs: Signature,
  { constants = {}, replicas: asked }: CompileOptions,
): Promise<Program> {
  // An accelerator takes the batch whole: its means are the means that replicas would average to.
  const replicas = runtime.divides ? asked : undefined;
  const program = await traceFor(runtime, fn, inputs, { constants, replicas });
  return programOn(await runtime.open(program, replicas), {
    inputs,
    outputs: wholeOutputs(program, replicas),
    toOnnx: () => encodeOnnx(trace(fn, inputs, constants)),
  });
}

async function compileResident(
  runtime: GraphRuntime,
  fn: TensorFunction,
  inputs: Signature,
  state: Signature,
  { constants }: Pick<CompileOptions, "constants">,
): Promise<ResidentProgram> {
  const program = await traceFor(runtime, fn, { ...inputs, ...state }, { constants });
  const runner = await runtime.openResident!(program, Object.keys(state));
  return {
    ...runner,
    inputs,
    state,
    enqueue(arrays) {
      checkInputs(inputs, arrays);
      runner.enqueue(arrays);
    },
  };
}

/** The program of one replica, in the runtime's dialect. */
async function traceFor(
  runtime: GraphRuntime,
  fn: TensorFunction,
  inputs: Signature,
  { constants = {}, replicas }: CompileOptions,
): Promise<TracedProgram> {
  checkNames(inputs, constants);
  const sliced = replicas ? sliceSignature(inputs, replicas.split, replicas.count) : inputs;
  const graph = trace(fn, sliced, constants, await runtime.dialect(), replicas?.count);
  return {
    graph,
    inputs: inputSignature(graph),
    outputs: mapValues(graph.outputs, (value, name) => outputSpec(name, value)),
  };
}

/** The outputs of all replicas, joined. */
function wholeOutputs({ outputs }: TracedProgram, replicas: Replicas | undefined): Signature {
  return replicas?.outputs === "concat"
    ? mapValues(outputs, (spec) => timesBatch(spec, replicas.count))
    : outputs;
}

/** All inputs of a graph, with those that are the engine's own. */
function inputSignature({ inputs }: Graph): Signature {
  return Object.fromEntries(
    inputs.map(({ node, shape, dtype }) => [node.name!, { shape, dtype: dtype as DType }]),
  );
}
