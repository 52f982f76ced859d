/** ONNX Runtime as the runtime of compiled engines. */
import { PORTABLE } from "../graph/dialect.ts";
import type { GraphRuntime, Runner, TracedProgram } from "../runtime.ts";
import type { Replicas } from "../types.ts";
import { blockSize } from "./blocked_layout.ts";
import { encodeOnnx } from "./encode.ts";
import { openReplicas } from "./replicas.ts";
import { openSession, type Provider } from "./session.ts";

/** ONNX Runtime on the processor. Nothing is loaded before a program is opened. */
export function onnxRuntime(provider: Provider): GraphRuntime {
  return {
    device: provider,
    description: `CPU, ${navigator.hardwareConcurrency} cores`,
    divides: true,
    dialect: async () => ({ ...PORTABLE, blockSize: await blockSize() }),
    open: (program, replicas) => openRunner(provider, program, replicas),
  };
}

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
