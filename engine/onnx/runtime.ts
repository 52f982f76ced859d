/** ONNX Runtime as the runtime of compiled engines. */
import { OPTIONAL_OPERATORS, PORTABLE } from "../graph/dialect.ts";
import type { GraphRuntime, Runner, TracedProgram } from "../runtime.ts";
import type { Replicas } from "../types.ts";
import { blockSize } from "./blocked_layout.ts";
import { encodeOnnx } from "./encode.ts";
import { openReplicas } from "./replicas.ts";
import { openSession, type Provider } from "./session.ts";

const DESCRIPTIONS: Readonly<Record<Provider, () => string>> = {
  cpu: () => `CPU, ${navigator.hardwareConcurrency} cores`,
  cuda: () => "NVIDIA GPU through CUDA",
  webgpu: () => "GPU through WebGPU",
};

/** A provider of ONNX Runtime. Nothing is loaded before a program is opened. */
export function onnxRuntime(provider: Provider): GraphRuntime {
  return {
    device: provider,
    description: DESCRIPTIONS[provider](),
    divides: provider === "cpu",
    async dialect() {
      switch (provider) {
        case "cpu":
          return { ...PORTABLE, blockSize: await blockSize() };
        case "cuda":
          return PORTABLE;
        case "webgpu":
          return { blockSize: 0, optional: WEBGPU_OPTIONAL };
      }
    },
    open: (program, replicas) => openRunner(provider, program, replicas),
  };
}

/** Those that the WebGPU provider has; the list of all its operators is with the tests. */
const WEBGPU_OPTIONAL = new Set(OPTIONAL_OPERATORS.filter((name) => name === "QuickGelu"));

async function openRunner(
  provider: Provider,
  { graph, inputs, outputs }: TracedProgram,
  replicas: Replicas | undefined,
): Promise<Runner> {
  const model = encodeOnnx(graph);
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
