/**
 * Random numbers within a function that is compiled: functions of (seed, stream, step), the same as
 * `uniforms` and `normals` give on the host for the same key. TensorFlow.js's own would be drawn once,
 * when the function is traced, and be the same in every run.
 */
import { type HashedKey, normals, streamHash, uniforms, UserError } from "./host/mod.ts";
import { tf } from "./tf.ts";
import { type GraphKey, normalNumbers, uniformNumbers } from "./graph/random.ts";
import type { GraphBuilder } from "./graph/builder.ts";
import type { Value } from "./graph/value.ts";
import { type Lowering, type LoweringTable, operand } from "./lowering/lowering.ts";

/** Names one draw. What changes from run to run is an input of the function, usually the step. */
export interface TensorKey {
  /** An integer, or an int32 scalar. */
  readonly seed: number | tf.Tensor;
  /**
   * The purpose of the numbers, or the hash of its name (`streamHash`) as an int32 scalar; two draws with
   * equal keys give equal numbers.
   */
  readonly stream: string | tf.Tensor;
  /** An integer, or an int32 scalar. */
  readonly step: number | tf.Tensor;
}

/**
 * Numbers uniform on [0, 1).
 *
 * Where a batch is divided over replicas, each draws its part of the whole batch's numbers, so the
 * first axis must be that of the batch.
 */
export function randomUniform(key: TensorKey, shape: readonly number[]): tf.Tensor {
  return draw(RANDOM_UNIFORM, key, shape);
}

/** Numbers from the standard normal distribution; as to replicas, see {@link randomUniform}. */
export function randomNormal(key: TensorKey, shape: readonly number[]): tf.Tensor {
  return draw(RANDOM_NORMAL, key, shape);
}

/**
 * Sets each element to zero with probability `rate`, and scales the others up so that the mean stays
 * (Srivastava et al. 2014, "Dropout"). As to replicas, see {@link randomUniform}.
 *
 * @param rate From 0 to below 1.
 */
export function dropout(x: tf.Tensor, rate: number, key: TensorKey): tf.Tensor {
  if (!(rate >= 0 && rate < 1)) {
    throw new UserError(`Dropout's \`rate\` is ${rate}: it must be at least 0 and less than 1`);
  }
  const kept = tf.greaterEqual(randomUniform(key, x.shape), rate);
  return tf.where(kept, tf.div(x, 1 - rate), tf.zerosLike(x));
}

function draw(kernel: string, key: TensorKey, shape: readonly number[]): tf.Tensor {
  const integer = (name: keyof TensorKey) => {
    const value = typeof key[name] === "string" ? streamHash(key[name]) : key[name];
    const tensor = typeof value === "number" ? tf.scalar(value | 0, "int32") : value;
    if (tensor.dtype !== "int32" || tensor.size !== 1) {
      throw new UserError(
        `The \`${name}\` of random numbers is ${tensor.dtype} of shape [${tensor.shape}]: ` +
          "it must be an integer or an int32 scalar",
      );
    }
    return tf.reshape(tensor, []);
  };
  const inputs = { seed: integer("seed"), stream: integer("stream"), step: integer("step") };
  return tf.engine().runKernel(kernel, inputs, { shape: [...shape] }) as tf.Tensor;
}

const registered = new Set<string>();

/** Registers the kernels with a backend of TensorFlow.js that computes at once. */
export function registerRandomKernels(backendName: string): void {
  if (registered.has(backendName)) return;
  registered.add(backendName);
  register(backendName, RANDOM_UNIFORM, uniforms);
  register(backendName, RANDOM_NORMAL, normals);
}

function register(
  backendName: string,
  kernelName: string,
  numbers: (key: HashedKey, count: number) => Float32Array,
): void {
  tf.registerKernel({
    backendName,
    kernelName,
    kernelFunc: ({ inputs, backend, attrs }) => {
      const { shape } = attrs as unknown as RandomAttributes;
      const value = (name: keyof TensorKey) =>
        ((backend as tf.KernelBackend).readSync(inputs[name]!.dataId) as Int32Array)[0]!;
      const key = { seed: value("seed") >>> 0, stream: value("stream"), step: value("step") };
      const count = tf.util.sizeFromShape(shape);
      const dataId = (backend as tf.KernelBackend).write(numbers(key, count), shape, "float32");
      return { dataId, shape, dtype: "float32" };
    },
  });
}

export const RANDOM_UNIFORM = "ThreefryUniform";
export const RANDOM_NORMAL = "ThreefryNormal";

export interface RandomAttributes {
  readonly shape: number[];
}

type Numbers = (b: GraphBuilder, key: GraphKey, shape: readonly number[]) => Value;

const lowering = (numbers: Numbers): Lowering<RandomAttributes> => (b, operands, { shape }) => {
  const [seed, stream, step] = ["seed", "stream", "step"].map((name) => operand(operands, name));
  return numbers(b, { seed: seed!, stream: stream!, step: step! }, shape);
};

export const randomLowerings: LoweringTable = {
  [RANDOM_UNIFORM]: lowering(uniformNumbers),
  [RANDOM_NORMAL]: lowering(normalNumbers),
};
