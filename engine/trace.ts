/** A function over tensors without values, run once: every kernel that it calls becomes part of a graph. */
import { constantTensor, type Dialect, GraphBuilder } from "./graph/builder.ts";
import type { Graph, Value } from "./graph/value.ts";
import { UserError } from "./host/mod.ts";
import {
  type Lowering,
  type LoweringTable,
  Refusal,
  refuseRandomness,
  withoutRandomness,
  withPlaces,
} from "./lowering/lowering.ts";
import { tf } from "./tf.ts";
import type { Constant, Signature, TensorFunction } from "./types.ts";
import { elementwiseLowerings } from "./lowering/elementwise.ts";
import { convolutionLowerings } from "./lowering/convolution.ts";
import { poolingLowerings } from "./lowering/pool.ts";
import { matMulLowerings } from "./lowering/matmul.ts";
import { indexingLowerings } from "./lowering/indexing.ts";
import { shapeLowerings } from "./lowering/shape.ts";
import { reductionLowerings } from "./lowering/reduction.ts";
import { randomLowerings } from "./random.ts";
import { resizeLowerings } from "./lowering/resize.ts";

/**
 * Runs `fn` once on tensors without values, and returns the graph of what it does.
 *
 * @param fn A function of its inputs alone. What it does must not depend on elements of tensors.
 * @param inputs Shapes and types of the inputs by name.
 * @param constants Further inputs whose values are known.
 * @param dialect What the graph's runtime has; without it the graph is for
 *   ONNX Runtime on the CPU of any machine.
 * @param replicas How many of the graph run side by side on parts of a batch.
 * @throws If `fn` looks at values, or uses a kernel without a lowering: the message names the kernel
 *   and the place in `fn`.
 */
export function trace(
  fn: TensorFunction,
  inputs: Signature,
  constants: Readonly<Record<string, Constant>> = {},
  dialect: Partial<Dialect> = {},
  replicas = 1,
): Graph {
  const backend = recorder();
  const builder = new GraphBuilder(dialect, replicas);
  const before = tf.engine().backendName;
  tf.setBackend(RECORDER);
  try {
    return backend.record(builder, () => {
      const outputs: Record<string, Value> = {};
      tf.engine().startScope("trace");
      try {
        const tensors: Record<string, tf.Tensor> = {};
        for (const [name, spec] of Object.entries(inputs)) {
          tensors[name] = backend.tensor(builder.input(name, spec));
        }
        for (const [name, { data, shape }] of Object.entries(constants)) {
          tensors[name] = backend.tensor(constantTensor(builder, data, shape));
        }
        const results = withPlaces(() => withoutRandomness(() => fn(tensors)));
        for (const [name, tensor] of Object.entries(results)) {
          if (!(tensor instanceof tf.Tensor)) {
            throw new UserError(`Output ${JSON.stringify(name)} is no tensor: it is ${tensor}`);
          }
          outputs[name] = backend.value(tensor);
        }
      } finally {
        tf.engine().endScope();
      }
      return builder.finish(outputs);
    });
  } finally {
    // Without a backend before, tensors must not end up on the recorder afterwards.
    tf.setBackend(before ?? "cpu");
  }
}

/** Every kernel of TensorFlow.js that can be compiled, by family. */
export const lowerings: LoweringTable = {
  ...elementwiseLowerings,
  ...reductionLowerings,
  ...shapeLowerings,
  ...matMulLowerings,
  ...convolutionLowerings,
  ...poolingLowerings,
  ...resizeLowerings,
  ...indexingLowerings,
  ...randomLowerings,
};

/** The name under which the recorder is registered with TensorFlow.js. */
const RECORDER = "recorder";

/**
 * A TensorFlow.js backend that writes down what it is asked to compute. Its tensors hold no numbers:
 * each stands for a value of the graph being built. Since TensorFlow.js writes gradients as ordinary
 * kernels, `tf.grads` on this backend records the backward pass too.
 */
export class Recorder extends tf.KernelBackend {
  readonly #entries = new WeakMap<tf.DataId, Entry>();
  #count = 0;
  #builder: GraphBuilder | undefined;

  /** Records what `body` computes with `builder`. Not reentrant: one graph is recorded at a time. */
  record<T>(builder: GraphBuilder, body: () => T): T {
    if (this.#builder) throw new Error("A traced function must not trace another one");
    this.#builder = builder;
    try {
      return body();
    } finally {
      this.#builder = undefined;
    }
  }

  get builder(): GraphBuilder {
    if (!this.#builder) {
      throw new Error("A tensor of a traced function was used after the trace: return it instead");
    }
    return this.#builder;
  }

  /** A tensor that stands for `value`. */
  tensor(value: Value): tf.Tensor {
    return tf.engine().makeTensorFromTensorInfo(this.info(value), this);
  }

  info(value: Value): tf.TensorInfo {
    const dataId = {};
    this.#enter(dataId, value);
    return { dataId, shape: [...value.shape], dtype: value.dtype as tf.DataType };
  }

  /** The value that a tensor stands for. */
  value({ dataId }: { dataId: tf.DataId }): Value {
    // A tensor made outside of the function comes here with its values when it is first used.
    const engine = tf.engine();
    if (!this.#entries.has(dataId) && engine.state.tensorInfo.has(dataId)) {
      engine.moveData(this, dataId);
    }
    const entry = this.#entries.get(dataId);
    if (!entry) throw new Error("Internal: a tensor that was not recorded");
    return entry.value;
  }

  #enter(dataId: tf.DataId, value: Value, known?: tf.backend_util.BackendValues): void {
    this.#entries.set(dataId, { value, known, references: 1 });
    this.#count++;
  }

  /** Carries out a lowering. */
  lower<T>(lowering: () => T): T {
    return lowering();
  }

  override write(
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): tf.DataId {
    const dataId = {};
    this.move(dataId, values, shape, dtype);
    return dataId;
  }

  override move(
    dataId: tf.DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): void {
    const source = values ?? new Float32Array(tf.util.sizeFromShape(shape));
    // TensorFlow.js moves tensors from one backend to another: those made outside of the function
    // come here with their values, and must be able to leave with them.
    this.#enter(dataId, this.literal(source, shape, dtype), source);
  }

  /** The value of a tensor whose elements are given. */
  protected literal(
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): Value {
    refuseRandomness();
    return constantTensor(this.builder, elementsOf(values, dtype), shape);
  }

  override async read(dataId: tf.DataId): Promise<tf.backend_util.BackendValues> {
    // Placed here, because the author's function may end before the promise is looked at.
    return await withPlaces(() => this.readSync(dataId));
  }

  override readSync(dataId: tf.DataId): tf.backend_util.BackendValues {
    const known = this.#entries.get(dataId)?.known;
    if (known) return known;
    void this.builder;
    throw new Error(
      "A traced function cannot look at the values of its tensors: they are not known yet",
    );
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    const entry = this.#entries.get(dataId);
    if (!entry) return true;
    entry.references--;
    if (!force && entry.references > 0) return false;
    // The entry stays: TensorFlow.js's gradients use some tensors after they were disposed of.
    this.#count--;
    return true;
  }
  override incRef(dataId: tf.DataId): void {
    const entry = this.#entries.get(dataId);
    if (entry) entry.references++;
  }
  decRef(dataId: tf.DataId): void {
    const entry = this.#entries.get(dataId);
    if (entry) entry.references--;
  }
  override refCount(dataId: tf.DataId): number {
    return this.#entries.get(dataId)?.references ?? 0;
  }
  override numDataIds(): number {
    return this.#count;
  }
  override memory() {
    return { unreliable: true };
  }
  override timerAvailable(): boolean {
    return false;
  }
  override floatPrecision(): 16 | 32 {
    return 32;
  }
  override dispose(): void {}
}

/** The record of a tensor. */
interface Entry {
  readonly value: Value;
  /** Its elements, if they were given. */
  readonly known: tf.backend_util.BackendValues | undefined;
  references: number;
}

/** The elements of a literal in the array type of their element type. */
export function elementsOf(values: tf.backend_util.BackendValues, dtype: tf.DataType) {
  const source = values as ArrayLike<number>;
  if (dtype === "float32") return Float32Array.from(source);
  if (dtype === "int32") return Int32Array.from(source);
  if (dtype === "bool") return Uint8Array.from(source);
  throw new Refusal("Const", `Constant of type ${dtype}: use float32, int32 or bool`);
}

let instance: Recorder | undefined;

/** The recorder, registered with TensorFlow.js on first use. */
function recorder(): Recorder {
  if (instance) return instance;
  instance = new Recorder();
  registerRecorder(RECORDER, instance);
  return instance;
}

/** Registers a recorder and every kernel, lowered or refused, with TensorFlow.js. */
export function registerRecorder(backendName: string, recorder: Recorder): void {
  tf.registerBackend(backendName, () => recorder, 0);
  for (const [kernelName, lowering] of Object.entries(lowerings)) {
    const kernelFunc = kernelOf(recorder, lowering as Lowering);
    tf.registerKernel({ kernelName, backendName, kernelFunc });
  }
  // The plain backend's list is the list of all kernels there are.
  for (const { kernelName } of tf.getKernelsForBackend("cpu")) {
    if (kernelName in lowerings) continue;
    const kernelFunc = () => recorder.lower(() => refuseKernel(kernelName)) as never;
    tf.registerKernel({ kernelName, backendName, kernelFunc });
  }
}

function kernelOf(recorder: Recorder, lowering: Lowering): tf.KernelFunc {
  return ({ inputs, attrs }) => {
    const operands = Object.fromEntries(
      Object.entries(inputs).filter(([, tensor]) => tensor).map(([name, tensor]) => [
        name,
        recorder.value(tensor!),
      ]),
    );
    const result = recorder.lower(() => lowering(recorder.builder, operands as never, attrs ?? {}));
    return Array.isArray(result)
      ? result.map((value: Value) => recorder.info(value))
      : recorder.info(result as Value);
  };
}

function refuseKernel(kernelName: string): never {
  const message = `TensorFlow.js's ${kernelName} has no lowering to ONNX: ` +
    "add one to engine/lowering, or write the function without it";
  throw new Refusal(kernelName, message, true);
}
