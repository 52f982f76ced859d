/**
 * Random numbers within a function that is compiled: functions of (seed, stream, step), the same as
 * `uniforms` and `normals` give on the host for the same key. TensorFlow.js's own would be drawn once,
 * when the function is traced, and be the same in every run.
 */
import { type HashedKey, normals, streamHash, uniforms, UserError } from "./host/mod.ts";
import { tf } from "./tf.ts";
import { binary } from "./graph/arithmetic.ts";
import { type GraphBuilder, OWN_DOMAIN } from "./graph/builder.ts";
import { cast, elementwise, predicate, unary, where } from "./graph/elementwise.ts";
import { log1p } from "./graph/functions.ts";
import { concat, reshape, slice } from "./graph/movement.ts";
import { sizeOf, type Value } from "./graph/value.ts";
import type { Lowering, LoweringTable, Of } from "./lowering/lowering.ts";

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

interface RandomAttributes {
  readonly shape: number[];
}

/** The numbers from each block of two words. */
type Distribution = (b: GraphBuilder, words: readonly [Value, Value]) => readonly Value[];

const uniform: Distribution = (b, words) => words.map((word) => fraction(b, word));

const normal: Distribution = (b, [first, second]) => {
  const radius = unary(b, "Sqrt", binary(b, "Mul", logarithm(b, first), -2));
  const turn = binary(b, "Mul", cast(b, second, "float32"), 2 * Math.PI * 2 ** -32);
  return ["Cos", "Sin"].map((op) => binary(b, "Mul", radius, unary(b, op, turn)));
};

/**
 * Draws the numbers of `shape`, two from each block of two words. Where a batch is divided over
 * replicas, each draws its part of what the whole batch would draw.
 */
function drawn(
  b: GraphBuilder,
  { seed, stream, step }: Of<keyof TensorKey>,
  shape: readonly number[],
  distribution: Distribution,
): Value {
  const count = sizeOf(shape);
  const replica = b.replica();
  // One block more than there are pairs, because a replica's part may begin amid a block.
  const blocks = Math.ceil(count / 2) + (replica ? 1 : 0);
  const pairsFrom = (counter: Value) => {
    const word = { shape: [blocks], dtype: "int32" } as const;
    const [even, uneven] = b.nodes({
      op: "Threefry2x32",
      domain: OWN_DOMAIN,
      inputs: [counter, step, seed, stream],
    }, [word, word]);
    const pairs = distribution(b, [even!, uneven!]).map((x) => reshape(b, x, [blocks, 1]));
    return reshape(b, concat(b, pairs, 1), [2 * blocks]);
  };
  if (!replica) return reshape(b, slice(b, pairsFrom(iota(b, blocks)), [0], [count]), shape);
  const start = binary(b, "Mul", replica, count);
  const odd = elementwise(b, { op: "Mod" }, [start, 2]);
  const first = binary(b, "Div", binary(b, "Sub", start, odd), 2);
  const row = pairsFrom(binary(b, "Add", iota(b, blocks), first));
  const places = binary(b, "Add", iota(b, count), odd);
  const own = b.node(
    { op: "Gather", inputs: [row, places], attributes: { axis: 0 } },
    { shape: [count], dtype: "float32" },
  );
  return reshape(b, own, shape);
}

function iota(b: GraphBuilder, count: number): Value {
  return b.constant(Int32Array.from({ length: count }, (_, i) => i), [count]);
}

/** The upper 24 bits of a word, as a fraction; exact. */
function fraction(b: GraphBuilder, word: Value): Value {
  const low = elementwise(b, { op: "Mod" }, [word, 256]);
  const high = cast(b, binary(b, "Sub", word, low), "float32");
  const signed = binary(b, "Mul", high, 2 ** -32);
  return binary(b, "Add", signed, cast(b, predicate(b, "Less", [word, 0]), "float32"));
}

/** log((w + 1) / 2^32) of an unsigned word w, with all digits at both ends. */
function logarithm(b: GraphBuilder, word: Value): Value {
  const scale = 2 ** -32;
  const low = binary(b, "Add", cast(b, word, "float32"), 1);
  const small = unary(b, "Log", binary(b, "Mul", low, scale));
  // A word from 2^31 on is negative as a signed one: −1 − w is how far it is from 2^32 − 1.
  const missing = binary(b, "Sub", -1, word);
  const share = binary(b, "Mul", cast(b, missing, "float32"), scale);
  return where(b, predicate(b, "Less", [word, 0]), log1p(b, unary(b, "Neg", share)), small);
}

const lowering =
  (distribution: Distribution): Lowering<RandomAttributes> =>
  (b, operands: Of<keyof TensorKey>, { shape }) => drawn(b, operands, shape, distribution);

export const randomLowerings: LoweringTable = {
  [RANDOM_UNIFORM]: lowering(uniform),
  [RANDOM_NORMAL]: lowering(normal),
};
