/**
 * The one TensorFlow.js namespace of the program: the core, the plain cpu backend, and its gradients,
 * with those that TensorFlow.js lacks or has wrong. They are written with its own operators, so that
 * they hold on every backend. A second copy of the core would have a registry of its own, so
 * everything takes `tf` from here.
 *
 * The core's package holds the gradients in a form that only bundlers can load (ES modules without
 * file extensions). The bundle of `tfjs-layers` contains them and registers them, which is what it is
 * imported for; the union package does the same at four times the size. Methods of tensors, such as
 * `x.add(y)`, come with the union package alone: write `tf.add(x, y)`.
 */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import {
  asRows,
  type Attributes,
  ofCumprod,
  ofDepthToSpace,
  ofEinsum,
  ofGather,
  ofMirrorPad,
  ofProd,
  ofStridedSlice,
  ofTile,
  ofTopK,
} from "./gradient_formulas.ts";

// The greeting tfjs prints on a first tensor would otherwise land on an MCP server's stdout.
tf.env().set("PROD", true);

export { tf };

type Gradient = (
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attributes: Attributes,
) => Record<string, () => tf.Tensor>;

type Row = Omit<tf.GradConfig, "kernelName" | "gradFunc"> & { readonly gradFunc: Gradient };

/** The gradient of an operator with two operands, summed over the axes along which one is repeated. */
const binary = (
  ofA: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  ofB: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): Row => ({
  inputsToSave: ["a", "b"],
  gradFunc: (dy, [a, b]) => ({
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
  inputsToSave: inputs,
  gradFunc: (_, saved) =>
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
    inputsToSave: ["a", "b"],
    gradFunc: (dy, [a, b], { transposeA, transposeB }) => {
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
    gradFunc: (dy, _, { axis, exclusive, reverse }) => ({
      x: () => tf.cumsum(dy, axis, exclusive, !reverse),
    }),
  },
  [tf.Cumprod]: {
    inputsToSave: ["x"],
    gradFunc: (dy, [x], attributes) => ({ x: () => ofCumprod(dy, x!, attributes) }),
  },
  // TensorFlow.js's calls methods of tensors (`x.reshape(…)`) that only its union package adds.
  [tf.Prod]: {
    inputsToSave: ["x"],
    gradFunc: (dy, [x], { axis }) => ({ x: () => ofProd(dy, x!, axis) }),
  },
  // TensorFlow.js's drops what flows back through the mirror images.
  [tf.MirrorPad]: {
    inputsToSave: ["x"],
    gradFunc: (dy, [x], { paddings, mode }) => ({
      x: () => ofMirrorPad(dy, x!.shape, paddings, mode === "symmetric" ? 0 : 1),
    }),
  },
  // TensorFlow.js's adds up slices, and knows ranks to 4.
  [tf.Tile]: {
    inputsToSave: ["x"],
    gradFunc: (dy, [x], { reps }) => ({ x: () => ofTile(dy, x!.shape, reps) }),
  },
  [tf.StridedSlice]: {
    inputsToSave: ["x"],
    gradFunc: (dy, [x], attributes) => ({ x: () => ofStridedSlice(dy, x!.shape, attributes) }),
  },
  [tf.GatherV2]: {
    inputsToSave: ["x", "indices"],
    gradFunc: (dy, [x, indices], { axis, batchDims }) => {
      const [along] = tf.util.parseAxisParam(axis, x!.shape);
      const batches = batchDims < 0 ? batchDims + indices!.rank : batchDims;
      return {
        x: () => ofGather(dy, x!.shape, indices!, along!, batches),
        indices: () => indices!,
      };
    },
  },
  [tf.GatherNd]: {
    inputsToSave: ["params", "indices"],
    gradFunc: (dy, [params, indices]) => ({
      params: () => tf.scatterND(indices!, dy, params!.shape as never),
      indices: () => indices!,
    }),
  },
  [tf.ScatterNd]: {
    inputsToSave: ["indices", "updates"],
    gradFunc: (dy, [indices, updates]) => ({
      indices: () => indices!,
      updates: () => tf.reshape(tf.gatherND(dy, asRows(indices!)), updates!.shape),
    }),
  },
  [tf.DepthToSpace]: {
    inputsToSave: ["x"],
    gradFunc: (dy, [x], { blockSize }) => ({ x: () => ofDepthToSpace(dy, x!.shape, blockSize) }),
  },
  [tf.Einsum]: {
    saveAllInputs: true,
    gradFunc: (dy, operands, { equation }) =>
      Object.fromEntries(
        operands.map((_, i) => [i, () => ofEinsum(dy, operands, equation, i)]),
      ),
  },
  [tf.TopK]: {
    inputsToSave: ["x"],
    outputsToSave: [false, true],
    gradFunc: (dys, [x, places]) => ({ x: () => ofTopK(dys as never, x!, places!) }),
  },
};

for (const [kernelName, row] of Object.entries(GRADIENTS)) {
  if (tf.getGradient(kernelName)) tf.unregisterGradient(kernelName);
  tf.registerGradient({ kernelName, ...row } as never);
}
