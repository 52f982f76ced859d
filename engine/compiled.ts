import { UserError } from "./host/mod.ts";
import { registerGradients } from "./gradients.ts";
import type { Graph } from "./graph/value.ts";
import { blockSize } from "./onnx/blocked_layout.ts";
import { encodeOnnx } from "./onnx/encode.ts";
import { openReplicas } from "./onnx/replicas.ts";
import { openSession, type Provider } from "./onnx/session.ts";
import { checkInputs, checkNames, sliceSignature } from "./signature.ts";
import { timesBatch } from "./slices.ts";
import { trace } from "./trace.ts";
import { type Runner, takingTurns } from "./turns.ts";
import type {
  CompileOptions,
  DType,
  Engine,
  Program,
  Replicas,
  Signature,
  TensorFunction,
} from "./types.ts";

/** More replicas than this gain little: the parameters are copied to each of them at every run. */
const MAX_REPLICAS = 16;

/** An engine that traces functions to ONNX and lets ONNX Runtime run them. */
export function openCompiledEngine(provider: Provider, description: string): Engine {
  registerGradients();
  const programs = new Set<Program>();
  return {
    device: provider,
    description,
    replicasFor: (batchSize) => provider === "cpu" ? largestDivisor(batchSize) : 1,
    async compile(fn, inputs, options = {}) {
      const compiled = await compile(provider, fn, inputs, options);
      const program: Program = {
        ...compiled,
        async dispose() {
          if (programs.delete(program)) await compiled.dispose();
        },
      };
      programs.add(program);
      return program;
    },
    async dispose() {
      await Promise.all([...programs].map((program) => program.dispose()));
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
  provider: Provider,
  fn: TensorFunction,
  inputs: Signature,
  { constants = {}, replicas: asked }: CompileOptions,
): Promise<Program> {
  // An accelerator takes the batch whole: its means are the means that replicas would average to.
  const replicas = provider === "cpu" ? asked : undefined;
  const count = replicas?.count ?? 1;
  checkNames(inputs, constants);
  const sliced = replicas ? sliceSignature(inputs, replicas.split, count) : inputs;
  const graph = trace(fn, sliced, constants, {
    blockSize: provider === "cpu" ? await blockSize() : 0,
    replicas: count,
  });
  const outputs = outputSignature(graph);
  const runner = takingTurns(
    await openRunner(provider, encodeOnnx(graph), signatureOf(graph), outputs, replicas),
  );
  return {
    inputs,
    outputs: replicas?.outputs === "concat"
      ? mapSpecs(outputs, (spec) => timesBatch(spec, count))
      : outputs,
    async run(arrays) {
      checkInputs(inputs, arrays);
      return await runner.run(arrays);
    },
    toOnnx: () => encodeOnnx(trace(fn, inputs, constants)),
    dispose: () => runner.release(),
  };
}

async function openRunner(
  provider: Provider,
  model: Uint8Array,
  inputs: Signature,
  outputs: Signature,
  replicas: Replicas | undefined,
): Promise<Runner> {
  if (replicas && replicas.count > 1) {
    const { count, split, outputs: combine } = replicas;
    return await openReplicas({ model, inputs, outputs, count, split, combine });
  }
  const session = await openSession(model, inputs, outputs, { provider });
  return {
    async run(arrays) {
      for (const [name, array] of Object.entries(arrays)) session.inputs[name]!.set(array);
      await session.run();
      return session.outputs;
    },
    release: () => session.release(),
  };
}

/** All inputs of a graph, with those that are the engine's own. */
function signatureOf({ inputs }: Graph): Signature {
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
