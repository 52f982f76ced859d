/**
 * TensorFlow.js backends that compute at once, as engines.
 *
 * Open no more than one of them in a process besides "tfjs-cpu": their native libraries may clash
 * (TensorFlow and Mesa's software Vulkan both bring LLVM, and crash together).
 */
import { withoutDisplay } from "./kernels/webgpu.ts";
import { UserError } from "./host/mod.ts";
import { registerRandomKernels } from "./random.ts";
import { allocate, checkNames, mapValues, outputSpec, programOn } from "./call.ts";
import { tf } from "./tf.ts";
import type {
  Arrays,
  CompileOptions,
  Constant,
  DeviceName,
  DType,
  Engine,
  Program,
  Runner,
  Signature,
  TensorFunction,
  TensorSpec,
} from "./types.ts";
import { createRequire } from "node:module";
import util from "node:util";

/**
 * An engine that runs functions as they stand, kernel by kernel, on a backend of TensorFlow.js. It
 * is the reference for the compiled engine, and the way to devices that ONNX Runtime does not know.
 *
 * Beware of "tfjs-cpu" as a reference: its gradient of `resizeNearestNeighbor` is wrong at batches
 * above 1 (it steps through the gradient with the image's batch stride).
 *
 * @throws {UserError} If the device cannot be used here.
 */
export async function openEagerEngine(device: EagerDevice): Promise<Engine> {
  const backend = await openBackend(device);
  registerRandomKernels(backend.name);
  const programs = new Set<Program>();
  return {
    device,
    description: backend.description,
    replicasFor: () => 1,
    async compile(fn, inputs, options = {}) {
      const program = await openProgram(backend, fn, inputs, options);
      programs.add(program);
      return program;
    },
    async dispose() {
      await Promise.all([...programs].map((program) => program.dispose()));
      programs.clear();
    },
  };
}

/**
 * Nothing is compiled: one run on zeros tells the shapes of the outputs. A batch is taken whole, however many
 * replicas are asked for.
 */
async function openProgram(
  backend: Backend,
  fn: TensorFunction,
  inputs: Signature,
  { constants = {} }: CompileOptions,
): Promise<Program> {
  checkNames(inputs, constants);
  const known = onBackend(backend, () => keepTensors(constants));
  const compute = async (arrays: Arrays) =>
    await read(onBackend(backend, () => tf.tidy(() => call(fn, inputs, arrays, known))));
  const outputs = mapValues(await compute(mapValues(inputs, allocate)), ({ spec }) => spec);
  const results = mapValues(outputs, allocate);
  const runner: Runner = {
    async run(arrays) {
      for (const [name, { values }] of Object.entries(await compute(arrays))) {
        results[name]!.set(values);
      }
      return results;
    },
    dispose: () => Promise.resolve(tf.dispose(known)),
  };
  return programOn(runner, {
    inputs,
    outputs,
    toOnnx() {
      throw new UserError(
        "Cannot export to ONNX: an eager device runs functions without a graph; compile it on cpu",
      );
    },
  });
}

/**
 * Does something with a backend in charge. TensorFlow.js has one current backend for all: it is put
 * back before anyone else can run, so `body` must not wait.
 */
function onBackend<T>({ name }: Backend, body: () => T): T {
  const before = tf.engine().backendName;
  // A promise, but of a backend that has been started before: it is in charge at once.
  tf.setBackend(name);
  try {
    return body();
  } finally {
    if (before) tf.setBackend(before);
  }
}

function keepTensors(constants: Readonly<Record<string, Constant>>): Record<string, tf.Tensor> {
  return mapValues(constants, ({ data, shape }) => {
    const dtype = data instanceof Float32Array ? "float32" : "int32";
    // A copy, because a backend may go on using the array it was given.
    return tf.keep(tf.tensor(data.slice(), [...shape], dtype));
  });
}

function call(
  fn: TensorFunction,
  signature: Signature,
  arrays: Arrays,
  known: Record<string, tf.Tensor>,
): Record<string, tf.Tensor> {
  const tensors = mapValues(signature, ({ shape, dtype }, name) => {
    return tf.tensor(arrays[name]!, [...shape], dtype);
  });
  // Clones, so that an output may be an input or a constant as it was given.
  return mapValues(fn({ ...tensors, ...known }), (tensor) => tf.clone(tensor));
}

interface Output {
  readonly spec: TensorSpec;
  readonly values: Float32Array | Int32Array;
}

/** The values of tensors, which are disposed of. */
async function read(tensors: Record<string, tf.Tensor>): Promise<Record<string, Output>> {
  try {
    const outputs = Object.entries(tensors).map(async ([name, tensor]) => {
      const spec = outputSpec(name, tensor);
      return [name, { spec, values: await tensor.data<DType>() }] as const;
    });
    return Object.fromEntries(await Promise.all(outputs));
  } finally {
    tf.dispose(tensors);
  }
}

type EagerDevice = Extract<DeviceName, "tensorflow" | "tfjs-webgpu" | "tfjs-cpu">;

/** A backend that is ready for use. */
interface Backend {
  /** The name that TensorFlow.js knows it by. */
  readonly name: string;
  /** For people. */
  readonly description: string;
}

/**
 * Makes a backend ready.
 *
 * @throws {UserError} If it cannot be used here, with what to do.
 */
async function openBackend(device: EagerDevice): Promise<Backend> {
  switch (device) {
    case "tfjs-cpu":
      return { name: "cpu", description: "TensorFlow.js in plain JavaScript, on one core" };
    case "tfjs-webgpu":
      return await withoutDisplay(openWebGpu);
    case "tensorflow":
      return await openTensorFlow();
  }
}

async function openWebGpu(): Promise<Backend> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) {
    throw new UserError(
      "Device tfjs-webgpu cannot be used here: there is no WebGPU adapter; use cpu",
    );
  }
  await import("@tensorflow/tfjs-backend-webgpu");
  await ready("webgpu", "tfjs-webgpu");
  const { description, vendor, isFallbackAdapter } = adapter.info;
  const name = description || vendor || "an unnamed adapter";
  return {
    name: "webgpu",
    description: `TensorFlow.js on WebGPU: ${name}${isFallbackAdapter ? ", in software" : ""}`,
  };
}

const TENSORFLOW_PACKAGE = "@tensorflow/tfjs-node-gpu";

async function openTensorFlow(): Promise<Backend> {
  // The package calls this function, which current versions of Node and Deno no longer have.
  Object.assign(util, { isNullOrUndefined: (value: unknown) => value == null });
  // Not one of our dependencies, so it is looked for where npm installs: in a `node_modules` of the
  // program's folder or of one above it.
  const require = createRequire(import.meta.url);
  // Its library tells the terminal which instructions it uses.
  if (!Deno.env.has("TF_CPP_MIN_LOG_LEVEL")) Deno.env.set("TF_CPP_MIN_LOG_LEVEL", "2");
  try {
    require(TENSORFLOW_PACKAGE);
  } catch (error) {
    const missing = (error as { code?: string }).code === "MODULE_NOT_FOUND";
    const reason = missing ? "it is not installed" : `it does not load (${firstLineOf(error)})`;
    throw new UserError(
      `Device tensorflow needs ${TENSORFLOW_PACKAGE}, and ${reason}; ` +
        "run `deno task setup:tensorflow` (--cuda for a GPU), or use another device",
    );
  }
  await ready("tensorflow", "tensorflow");
  padConvolutions();
  const { isUsingGpuDevice } = tf.backend() as { isUsingGpuDevice?: boolean };
  return {
    name: "tensorflow",
    description: `TensorFlow's own library on the ${isUsingGpuDevice ? "GPU" : "CPU"}`,
  };
}

/**
 * Lets TensorFlow's convolutions take padding in numbers, which its package refuses: images are
 * padded before them, and gradients of padded images cut afterwards.
 */
function padConvolutions(): void {
  const run = (kernel: string, inputs: tf.NamedTensorInfoMap, attrs: tf.NamedAttrMap) =>
    tf.getKernel(kernel, "tensorflow").kernelFunc(
      { inputs, attrs, backend: tf.backend() },
    ) as tf.TensorInfo;
  const replace = (
    kernelName: string,
    padded: (call: { inputs: tf.NamedTensorInfoMap; attrs: tf.NamedAttrMap }, pad: Pad) => {
      inputs?: tf.NamedTensorInfoMap;
      attrs?: tf.NamedAttrMap;
      cut?: readonly number[];
    },
  ) => {
    const { kernelFunc } = tf.getKernel(kernelName, "tensorflow");
    tf.unregisterKernel(kernelName, "tensorflow");
    tf.registerKernel({
      kernelName,
      backendName: "tensorflow",
      kernelFunc: ({ inputs, attrs, backend }) => {
        const call = { inputs: inputs as tf.NamedTensorInfoMap, attrs: attrs ?? {} };
        if (typeof call.attrs.pad === "string") {
          return kernelFunc({ inputs, attrs: attrs!, backend });
        }
        const pad = padOf(call.attrs.pad as number | Pad);
        const { cut, ...changed } = padded(call, pad);
        const result = kernelFunc({
          inputs: { ...call.inputs, ...changed.inputs },
          attrs: { ...call.attrs, ...changed.attrs, pad: "valid" },
          backend,
        }) as tf.TensorInfo;
        const whole = Object.values(changed.inputs ?? {}) as tf.TensorInfo[];
        const output = cut
          ? run("Slice", { x: result }, { begin: pad.map(([before]) => before), size: [...cut] })
          : result;
        if (cut) whole.push(result);
        for (const { dataId } of whole) tf.backend().disposeData(dataId);
        return output;
      },
    });
  };
  const widened = ({ inputs }: { inputs: tf.NamedTensorInfoMap }, pad: Pad) => ({
    inputs: {
      x: run("PadV2", { x: inputs.x! }, {
        paddings: pad.map((ends) => [...ends]),
        constantValue: 0,
      }),
    },
  });
  replace("Conv2D", widened);
  replace("Conv2DBackpropFilter", widened);
  replace("Conv2DBackpropInput", ({ attrs }, pad) => {
    const cut = attrs.inputShape as number[];
    return { cut, attrs: { inputShape: cut.map((n, axis) => n + pad[axis]![0] + pad[axis]![1]) } };
  });
}

/** Zeros before and after an image along its four axes. */
type Pad = readonly (readonly [number, number])[];

function padOf(pad: number | Pad): Pad {
  return typeof pad === "number" ? [[0, 0], [pad, pad], [pad, pad], [0, 0]] : pad;
}

async function ready(name: string, device: EagerDevice): Promise<void> {
  const reason = await tf.setBackend(name).then(
    (set) => set ? undefined : "TensorFlow.js could not start it",
    firstLineOf,
  );
  if (reason) throw new UserError(`Device ${device} cannot be used here: ${reason}; use cpu`);
}

function firstLineOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
}
