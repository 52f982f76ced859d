import type { GraphBuilder } from "./graph/builder.ts";
import { constantTensor } from "./graph/elementwise.ts";
import type { Value } from "./graph/value.ts";
import type { Lowering } from "./lowering/lowering.ts";
import { lowerings } from "./lowering/table.ts";
import { tf } from "./tf.ts";

/** The name under which the recorder is registered with TensorFlow.js. */
export const RECORDER = "recorder";

/**
 * A TensorFlow.js backend that writes down what it is asked to compute. Its tensors hold no numbers:
 * each stands for a value of the graph being built. Since TensorFlow.js writes gradients as ordinary
 * kernels, `tf.grads` on this backend records the backward pass too.
 */
class Recorder extends tf.KernelBackend {
  readonly #values = new WeakMap<tf.DataId, Value>();
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
    this.#values.set(dataId, value);
    return { dataId, shape: [...value.shape], dtype: value.dtype as tf.DataType };
  }

  /** The value that a tensor stands for. */
  value({ dataId }: { dataId: tf.DataId }): Value {
    const value = this.#values.get(dataId);
    if (!value) throw new Error("Internal: a tensor that was not recorded");
    return value;
  }

  override write(
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): tf.DataId {
    const dataId = {};
    this.#values.set(dataId, this.#literal(values, shape, dtype));
    return dataId;
  }

  override move(
    dataId: tf.DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): void {
    this.#values.set(dataId, this.#literal(values, shape, dtype));
  }

  #literal(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): Value {
    const size = tf.util.sizeFromShape(shape);
    const source = (values ?? new Array<number>(size).fill(0)) as ArrayLike<number>;
    if (dtype === "float32") return constantTensor(this.builder, Float32Array.from(source), shape);
    if (dtype === "int32") return constantTensor(this.builder, Int32Array.from(source), shape);
    if (dtype === "bool") return constantTensor(this.builder, Uint8Array.from(source), shape);
    throw new Error(`Constant of type ${dtype} in a traced function: use float32, int32 or bool`);
  }

  override read(): never {
    return this.readSync();
  }

  override readSync(): never {
    throw new Error(
      "A traced function cannot look at the values of its tensors: they are not known yet " +
        `(${origin()})`,
    );
  }

  // Nothing is stored, so there is nothing to count or to free.
  override disposeData(): boolean {
    return true;
  }
  override incRef(): void {}
  decRef(): boolean {
    return true;
  }
  override refCount(): number {
    return 1;
  }
  override numDataIds(): number {
    return 0;
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
  override epsilon(): number {
    return 1e-7;
  }
}

let instance: Recorder | undefined;

/** The recorder, registered with TensorFlow.js on first use. */
export function recorder(): Recorder {
  if (instance) return instance;
  const created = new Recorder();
  tf.registerBackend(RECORDER, () => created, 0);
  for (const [kernelName, lowering] of Object.entries(lowerings)) {
    registerKernel(created, kernelName, lowering as Lowering);
  }
  // The plain backend's list is the list of all kernels there are.
  for (const { kernelName } of tf.getKernelsForBackend("cpu")) {
    if (kernelName in lowerings) continue;
    tf.registerKernel({ kernelName, backendName: RECORDER, kernelFunc: () => refuse(kernelName) });
  }
  return instance = created;
}

function registerKernel(recorder: Recorder, kernelName: string, lowering: Lowering): void {
  tf.registerKernel({
    kernelName,
    backendName: RECORDER,
    kernelFunc: ({ inputs, attrs }) => {
      const operands = Object.fromEntries(
        Object.entries(inputs).map(([name, tensor]) => [name, recorder.value(tensor!)]),
      );
      const result = lowering(recorder.builder, operands, attrs ?? {});
      return Array.isArray(result)
        ? result.map((value: Value) => recorder.info(value))
        : recorder.info(result as Value);
    },
  });
}

function refuse(kernelName: string): never {
  throw new Error(
    `TensorFlow.js's ${kernelName} has no lowering to ONNX (${origin()}): ` +
      "add one to engine/lowering, or write the function without it",
  );
}

const ENGINE = new URL(".", import.meta.url).href;

/** Where in the traced function we are: the innermost stack frame outside of the machinery. */
function origin(): string {
  // TensorFlow.js alone fills the ten frames that a stack has by default.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  const frames = stack.split("\n").slice(1).map((line) => line.trim());
  const outside = frames.find((frame) =>
    frame.includes("file:") && !frame.includes(ENGINE) &&
    !/node_modules|\/npm\//.test(frame)
  );
  return outside?.replace("file://", "") ?? "origin unknown";
}
