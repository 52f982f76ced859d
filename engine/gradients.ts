/**
 * Gradients that TensorFlow.js lacks, or has wrong. They are written with its own operators, so that
 * they hold on every backend.
 */
import {
  asRows,
  type Attributes,
  ofCumprod,
  ofDepthToSpace,
  ofEinsum,
  ofGather,
  ofMirrorPad,
  ofStridedSlice,
  ofTile,
  ofTopK,
} from "./gradient_formulas.ts";
import { tf } from "./tf.ts";

type Gradient = (
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attributes: Attributes,
) => Record<string, () => tf.Tensor>;

interface Row {
  /** Names of the inputs that the gradient looks at, in order. */
  readonly inputs?: readonly string[];
  /** Whether it looks at each of the outputs. */
  readonly outputs?: readonly boolean[];
  /** Whether it looks at a whole list of inputs. */
  readonly all?: boolean;
  readonly gradient: Gradient;
}

/** The gradient of an operator with two operands, summed over the axes along which one is repeated. */
const binary = (
  ofA: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  ofB: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): Row => ({
  inputs: ["a", "b"],
  gradient: (dy, [a, b]) => ({
    a: () => sumTo(tf.mul(dy, ofA(a!, b!)), a!.shape),
    b: () => sumTo(tf.mul(dy, ofB(a!, b!)), b!.shape),
  }),
});

function sumTo(x: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.backend_util.getReductionAxes(shape, x.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(x, axes) : x, shape);
}

const whether = (condition: tf.Tensor) => tf.cast(condition, "float32");

/** Gradients of piecewise constant operators, which are zero. */
const flat = (...inputs: string[]): Row => ({
  inputs,
  gradient: (_, saved) =>
    Object.fromEntries(inputs.map((name, i) => [name, () => zerosLike(saved[i]!)])),
});

function zerosLike(x: tf.Tensor): tf.Tensor {
  return tf.zeros(x.shape, "float32");
}

const GRADIENTS: Readonly<Record<string, Row>> = {
  // TensorFlow.js has that of GreaterEqual alone.
  [tf.Equal]: flat("a", "b"),
  [tf.Greater]: flat("a", "b"),
  [tf.Less]: flat("a", "b"),
  [tf.LessEqual]: flat("a", "b"),
  [tf.NotEqual]: flat("a", "b"),
  [tf.LogicalAnd]: flat("a", "b"),
  [tf.LogicalNot]: flat("x"),
  [tf.LogicalOr]: flat("a", "b"),

  // TensorFlow.js's forget the sum over repeated axes.
  [tf.Maximum]: binary(
    (a, b) => whether(tf.greaterEqual(a, b)),
    (a, b) => whether(tf.less(a, b)),
  ),
  [tf.Minimum]: binary(
    (a, b) => whether(tf.lessEqual(a, b)),
    (a, b) => whether(tf.greater(a, b)),
  ),
  [tf.SquaredDifference]: binary(
    (a, b) => tf.mul(2, tf.sub(a, b)),
    (a, b) => tf.mul(2, tf.sub(b, a)),
  ),
  [tf.BatchMatMul]: {
    inputs: ["a", "b"],
    gradient: (dy, [a, b], { transposeA, transposeB }) => {
      const product = (x: tf.Tensor, y: tf.Tensor, ofX: boolean, ofY: boolean) => () =>
        tf.matMul(x, y, ofX, ofY);
      const ofA = transposeA
        ? product(b!, dy, transposeB, true)
        : product(dy, b!, false, !transposeB);
      const ofB = transposeB
        ? product(dy, a!, true, transposeA)
        : product(a!, dy, !transposeA, false);
      return { a: () => sumTo(ofA(), a!.shape), b: () => sumTo(ofB(), b!.shape) };
    },
  },
  // TensorFlow.js's is right for the last axis only.
  [tf.Cumsum]: {
    gradient: (dy, _, { axis, exclusive, reverse }) => ({
      x: () => tf.cumsum(dy, axis, exclusive, !reverse),
    }),
  },
  [tf.Cumprod]: {
    inputs: ["x"],
    gradient: (dy, [x], attributes) => ({ x: () => ofCumprod(dy, x!, attributes) }),
  },
  // TensorFlow.js's drops what flows back through the mirror images.
  [tf.MirrorPad]: {
    inputs: ["x"],
    gradient: (dy, [x], { paddings, mode }) => ({
      x: () => ofMirrorPad(dy, x!.shape, paddings, mode === "symmetric" ? 0 : 1),
    }),
  },
  // TensorFlow.js's adds up slices, and knows ranks to 4.
  [tf.Tile]: {
    inputs: ["x"],
    gradient: (dy, [x], { reps }) => ({ x: () => ofTile(dy, x!.shape, reps) }),
  },
  [tf.StridedSlice]: {
    inputs: ["x"],
    gradient: (dy, [x], attributes) => ({ x: () => ofStridedSlice(dy, x!.shape, attributes) }),
  },
  [tf.GatherV2]: {
    inputs: ["x", "indices"],
    gradient: (dy, [x, indices], { axis, batchDims }) => {
      const [along] = tf.util.parseAxisParam(axis, x!.shape);
      const batches = batchDims < 0 ? batchDims + indices!.rank : batchDims;
      return {
        x: () => ofGather(dy, x!.shape, indices!, along!, batches),
        indices: () => indices!,
      };
    },
  },
  [tf.GatherNd]: {
    inputs: ["params", "indices"],
    gradient: (dy, [params, indices]) => ({
      params: () => tf.scatterND(indices!, dy, params!.shape as never),
      indices: () => indices!,
    }),
  },
  [tf.ScatterNd]: {
    inputs: ["indices", "updates"],
    gradient: (dy, [indices, updates]) => ({
      indices: () => indices!,
      updates: () => tf.reshape(tf.gatherND(dy, asRows(indices!)), updates!.shape),
    }),
  },
  [tf.DepthToSpace]: {
    inputs: ["x"],
    gradient: (dy, [x], { blockSize }) => ({ x: () => ofDepthToSpace(dy, x!.shape, blockSize) }),
  },
  [tf.Einsum]: {
    all: true,
    gradient: (dy, operands, { equation }) =>
      Object.fromEntries(
        operands.map((_, i) => [i, () => ofEinsum(dy, operands, equation, i)]),
      ),
  },
  [tf.TopK]: {
    inputs: ["x"],
    outputs: [false, true],
    gradient: (dys, [x, places]) => ({ x: () => ofTopK(dys as never, x!, places!) }),
  },
};

let registered = false;

/** Registers them, in place of TensorFlow.js's where it has some. */
export function registerGradients(): void {
  if (registered) return;
  registered = true;
  for (const [kernelName, { inputs, outputs, all, gradient }] of Object.entries(GRADIENTS)) {
    if (tf.getGradient(kernelName)) tf.unregisterGradient(kernelName);
    tf.registerGradient({
      kernelName,
      ...(inputs ? { inputsToSave: [...inputs] } : {}),
      ...(outputs ? { outputsToSave: [...outputs] } : {}),
      ...(all ? { saveAllInputs: true } : {}),
      gradFunc: gradient as never,
    });
  }
}
