import { type Backend, type EagerDevice, openBackend } from "./eager_backends.ts";
import { registerGradients } from "./gradients.ts";
import { UserError } from "./host/mod.ts";
import { asSlice, registerRandomKernels } from "./random.ts";
import { allocate, checkInputs, checkNames, sliceSignature } from "./signature.ts";
import { joinsOf, meansOf, sliceOf, timesBatch } from "./slices.ts";
import { tf } from "./tf.ts";
import { takingTurns } from "./turns.ts";
import type {
  Arrays,
  CompileOptions,
  Constant,
  DType,
  Engine,
  Program,
  Replicas,
  Signature,
  TensorFunction,
  TensorSpec,
} from "./types.ts";

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
  registerGradients();
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

/** Nothing is compiled: one run on zeros tells the shapes of the outputs. */
async function openProgram(
  backend: Backend,
  fn: TensorFunction,
  inputs: Signature,
  { constants = {}, replicas }: CompileOptions,
): Promise<Program> {
  checkNames(inputs, constants);
  const { count, split, outputs: combine } = replicas ?? WHOLE;
  const sliced = sliceSignature(inputs, split, count);
  const known = onBackend(backend, () => keepTensors(constants));
  const runSlice = async (slice: Arrays, index: number) =>
    await read(
      onBackend(backend, () => asSlice(index, () => tf.tidy(() => call(fn, sliced, slice, known)))),
    );
  const zeros = Object.entries(sliced).map(([name, spec]) => [name, allocate(spec)]);
  const first = await runSlice(Object.fromEntries(zeros), 0);
  const outputs = mapValues(first, ({ spec }) => spec);
  const results: Arrays[] = Array.from({ length: count }, () => mapValues(outputs, allocate));
  const combined = combine === "mean" ? meansOf(outputs, results) : joinsOf(outputs, results);
  const runner = takingTurns({
    async run(arrays) {
      for (const [i, result] of results.entries()) {
        const slice = await runSlice(sliceOf(arrays, sliced, split, i), i);
        for (const [name, { values }] of Object.entries(slice)) result[name]!.set(values);
      }
      return combined();
    },
    release() {
      tf.dispose(known);
      return Promise.resolve();
    },
  });
  return {
    inputs,
    outputs: combine === "mean" ? outputs : mapValues(outputs, (spec) => timesBatch(spec, count)),
    async run(arrays) {
      checkInputs(inputs, arrays);
      return await runner.run(arrays);
    },
    toOnnx() {
      throw new UserError(
        "Cannot export to ONNX: an eager device runs functions without a graph; compile it on cpu",
      );
    },
    dispose: () => runner.release(),
  };
}

const WHOLE: Replicas = { count: 1, split: [], outputs: "mean" };

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
  const given = mapValues(signature, ({ shape, dtype }, name) => {
    return tf.tensor(arrays[name]!, [...shape], dtype);
  });
  // Clones, so that an output may be an input or a constant as it was given.
  return mapValues(fn({ ...given, ...known }), (tensor) => tf.clone(tensor));
}

interface Output {
  readonly spec: TensorSpec;
  readonly values: Float32Array | Int32Array;
}

/** The values of tensors, which are disposed of. */
async function read(tensors: Record<string, tf.Tensor>): Promise<Record<string, Output>> {
  try {
    const outputs = Object.entries(tensors).map(async ([name, tensor]) => {
      const spec = { shape: tensor.shape, dtype: outputType(name, tensor) };
      return [name, { spec, values: await tensor.data<DType>() }] as const;
    });
    return Object.fromEntries(await Promise.all(outputs));
  } finally {
    tf.dispose(tensors);
  }
}

function outputType(name: string, { dtype }: tf.Tensor): DType {
  if (dtype === "float32" || dtype === "int32") return dtype;
  throw new UserError(
    `Output ${JSON.stringify(name)} is ${dtype}: outputs are float32 or int32, so cast it`,
  );
}

function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  map: (value: A, name: string) => B,
): Record<string, B> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, map(value, name)]),
  );
}
