/** Fused kernels of our own on a GPU, as the runtime of compiled engines. */
import { OPTIONAL_OPERATORS } from "../graph/builder.ts";
import type {
  Arrays,
  GraphRuntime,
  Precision,
  ResidentRunner,
  Runner,
  TracedProgram,
} from "../types.ts";
import { allocate, mapValues } from "../call.ts";
import { compileKernels, type KernelDevice } from "./compile.ts";
import { openCuda } from "./cuda.ts";
import { openWebGpu } from "./webgpu.ts";

/**
 * Graphs for kernels may have everything, because an operator is an expression and not a library's kernel,
 * but for Sign: its use relies on maxima that keep NaN, and a GPU's do not.
 */
export const KERNEL_DIALECT = {
  blockSize: 0,
  optional: new Set(OPTIONAL_OPERATORS.filter((operator) => operator !== "Sign")),
};

const DEVICES = {
  webgpu: { open: openWebGpu, description: "GPU through WebGPU" },
  cuda: {
    open: (precision: Precision) => Promise.resolve(openCuda(precision)),
    description: "NVIDIA GPU through CUDA",
  },
} as const;

/** A GPU. Nothing is loaded before a program is opened; that fails where there is none. */
export function kernelRuntime(device: keyof typeof DEVICES): GraphRuntime {
  const { open, description } = DEVICES[device];
  return runtimeOf(device, description, () => open("float32"));
}

/**
 * A GPU that is there.
 *
 * @param precision Of products of matrices; other than float32 only for cuda.
 * @throws {UserError} If it is not, or cannot be used.
 */
export async function openKernelRuntime(
  device: keyof typeof DEVICES,
  precision: Precision = "float32",
): Promise<GraphRuntime> {
  return runtimeOn(await DEVICES[device].open(precision));
}

/** A device that is open already. */
export function runtimeOn(opened: KernelDevice): GraphRuntime {
  return runtimeOf(opened.device, opened.description, () => Promise.resolve(opened));
}

function runtimeOf(
  device: GraphRuntime["device"],
  description: string,
  open: () => Promise<KernelDevice>,
): GraphRuntime {
  let opened: Promise<KernelDevice> | undefined;
  const gpu = () => opened ??= open();
  return {
    device,
    description,
    divides: false,
    dialect: () => Promise.resolve(KERNEL_DIALECT),
    open: async (program) => await openRunner(await gpu(), program),
    openResident: async (program, state) => await openResident(await gpu(), program, state),
    async close() {
      (await opened)?.close();
      opened = undefined;
    },
  };
}

/** Compiles a program for a device, and names its inputs. */
async function load(gpu: KernelDevice, { graph }: TracedProgram, state: readonly string[]) {
  const kernels = compileKernels(graph, state, gpu.precision);
  const program = await gpu.open(kernels);
  const write = (arrays: Arrays) => {
    for (const source of kernels.sources) {
      const array = source.data ? undefined : arrays[source.name];
      if (array) program.write(source, array);
    }
  };
  const enqueue = (arrays: Arrays) => {
    write(arrays);
    program.enqueue();
  };
  return { kernels, program, write, enqueue, dispose: () => Promise.resolve(program.release()) };
}

async function openRunner(gpu: KernelDevice, traced: TracedProgram): Promise<Runner> {
  const { kernels, program, enqueue, dispose } = await load(gpu, traced, []);
  const results = mapValues(traced.outputs, allocate);
  const readings = Object.entries(results).map(([name, into]) => ({
    tensor: kernels.outputs[name]!,
    into,
  }));
  return {
    async run(arrays) {
      enqueue(arrays);
      await program.read(readings);
      return results;
    },
    dispose,
  };
}

async function openResident(
  gpu: KernelDevice,
  traced: TracedProgram,
  state: readonly string[],
): Promise<ResidentRunner> {
  const { kernels, program, write, enqueue, dispose } = await load(gpu, traced, state);
  const sourceOf = (name: string) => kernels.sources.find((source) => source.name === name)!;
  return {
    enqueue,
    read: (into) =>
      program.read(Object.entries(into).map(([name, into]) => ({ tensor: sourceOf(name), into }))),
    write,
    dispose,
  };
}
