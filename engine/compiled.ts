import { UserError } from "./host/mod.ts";
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
import { checkInputs, checkNames, serialized, sliceSignature, timesBatch } from "./call.ts";
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
    ...(runtime.openResident
      ? {
        compileResident: async (
          fn: TensorFunction,
          inputs: Signature,
          state: Signature,
          options: Pick<CompileOptions, "constants"> = {},
        ) => owned(await compileResident(runtime, fn, inputs, state, options)),
      }
      : {}),
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
  const program = await traceFor(runtime, fn, inputs, { constants, ...(replicas && { replicas }) });
  const runner = serialized(await runtime.open(program, replicas));
  return {
    inputs,
    outputs: wholeOutputs(program, replicas),
    async run(arrays) {
      checkInputs(inputs, arrays);
      return await runner.run(arrays);
    },
    toOnnx: () => encodeOnnx(trace(fn, inputs, constants)),
    dispose: () => runner.release(),
  };
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
    inputs,
    state,
    enqueue(arrays) {
      checkInputs(inputs, arrays);
      runner.enqueue(arrays);
    },
    read: (into) => runner.read(into),
    write: (arrays) => runner.write(arrays),
    dispose: () => runner.release(),
  };
}

/** The program of one replica, in the runtime's dialect. */
export async function traceFor(
  runtime: Pick<GraphRuntime, "dialect">,
  fn: TensorFunction,
  inputs: Signature,
  { constants = {}, replicas }: CompileOptions,
): Promise<TracedProgram> {
  checkNames(inputs, constants);
  const sliced = replicas ? sliceSignature(inputs, replicas.split, replicas.count) : inputs;
  const graph = trace(fn, sliced, constants, await runtime.dialect(), replicas?.count);
  return { graph, inputs: inputSignature(graph), outputs: outputSignature(graph) };
}

/** The outputs of all replicas, joined. */
function wholeOutputs({ outputs }: TracedProgram, replicas: Replicas | undefined): Signature {
  return replicas?.outputs === "concat"
    ? mapSpecs(outputs, (spec) => timesBatch(spec, replicas.count))
    : outputs;
}

/** All inputs of a graph, with those that are the engine's own. */
function inputSignature({ inputs }: Graph): Signature {
  return Object.fromEntries(
    inputs.map(({ node, shape, dtype }) => [node.name!, { shape, dtype: dtype as DType }]),
  );
}

function outputSignature(graph: Graph): Signature {
  return Object.fromEntries(
    Object.entries(graph.outputs).map(([name, { shape, dtype }]) => {
      if (dtype !== "float32" && dtype !== "int32") {
        throw new UserError(
          `Output ${JSON.stringify(name)} is ${dtype}: outputs are float32 or int32, so cast it`,
        );
      }
      return [name, { shape, dtype }];
    }),
  );
}

function mapSpecs(
  signature: Signature,
  map: (spec: Signature[string]) => Signature[string],
): Signature {
  return Object.fromEntries(Object.entries(signature).map(([name, spec]) => [name, map(spec)]));
}
