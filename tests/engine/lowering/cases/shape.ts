import { tf } from "../../../../engine/mod.ts";
import { floats, integers, wave, whole } from "../inputs.ts";
import type { KernelCase } from "../parity.ts";

type Fn = (...inputs: tf.Tensor[]) => tf.Tensor;

const row = (kernel: string, name: string, shapes: number[][], fn: Fn): KernelCase => ({
  kernel,
  name,
  inputs: shapes.map((shape, i) => wave(shape, 0.37 + 0.2 * i)),
  fn,
});

/** A kernel with several results, as one tensor that tells them apart. */
const joined = (parts: tf.Tensor[]) =>
  tf.concat1d(parts.map((part, i) => tf.mul(tf.reshape(part, [-1]), i + 1) as tf.Tensor1D));

const movement: KernelCase[] = [
  row(tf.Reshape, "an inferred axis", [[3, 4]], (x) => tf.reshape(x!, [2, -1])),
  row(tf.Reshape, "a scalar to rank 3", [[]], (x) => tf.reshape(x!, [1, 1, 1])),
  row(
    tf.Reshape,
    "a transposed tensor whose axes stay together",
    [[2, 3, 4, 5]],
    (x) => tf.reshape(tf.transpose(x!, [0, 3, 1, 2]), [2, 5, 12]),
  ),
  row(
    tf.Reshape,
    "a transposed tensor whose elements really move",
    [[2, 3, 4]],
    (x) => tf.reshape(tf.transpose(x!, [2, 1, 0]), [6, 4]),
  ),
  row(
    tf.Reshape,
    "a broadcast tensor",
    [[3, 1, 4]],
    (x) => tf.reshape(tf.broadcastTo(x!, [2, 3, 5, 4]), [6, 20]),
  ),
  row(tf.ExpandDims, "in front", [[3, 4]], (x) => tf.expandDims(x!, 0)),
  row(tf.ExpandDims, "a negative axis", [[3, 4]], (x) => tf.expandDims(x!, -1)),
  row(tf.ExpandDims, "a negative axis inside", [[3, 4]], (x) => tf.expandDims(x!, -2)),
  row(tf.Transpose, "a matrix", [[3, 4]], (x) => tf.transpose(x!)),
  row(tf.Transpose, "rank 4", [[2, 3, 4, 5]], (x) => tf.transpose(x!, [3, 1, 0, 2])),
  row(tf.Transpose, "axes of one element", [[1, 3, 1, 5]], (x) => tf.transpose(x!, [2, 3, 0, 1])),
  row(
    tf.Transpose,
    "two in a row",
    [[2, 3, 4]],
    (x) => tf.transpose(tf.transpose(x!, [1, 2, 0]), [0, 2, 1]),
  ),
  row(tf.Transpose, "a broadcast", [[3, 1]], (x) => tf.transpose(tf.tile(x!, [1, 4]))),
];

const joining: KernelCase[] = [
  row(tf.Concat, "the first axis", [[2, 3], [1, 3]], (x, y) => tf.concat([x!, y!], 0)),
  row(tf.Concat, "a negative axis", [[2, 3], [2, 4]], (x, y) => tf.concat([x!, y!], -1)),
  row(tf.Concat, "a tensor with itself", [[2, 3]], (x) => tf.concat([x!, x!, x!], 1)),
  row(tf.Concat, "a part without elements", [[2, 3], [2, 0]], (x, y) => tf.concat([x!, y!], 1)),
  row(
    tf.Concat,
    "a transposed and a plain tensor",
    [[2, 3, 4], [4, 5, 3]],
    (x, y) => tf.concat([tf.transpose(x!, [2, 0, 1]), y!], 1),
  ),
  row(
    tf.Concat,
    "transposed tensors beside a single element",
    [[1, 3, 4], [1, 1, 1]],
    (x, y) => tf.concat([tf.transpose(tf.slice(x!, [0, 0, 0], [1, 3, 1]), [1, 2, 0]), y!], 0),
  ),
  row(
    tf.Concat,
    "differently transposed tensors",
    [[2, 3, 4], [3, 4, 2]],
    (x, y) => tf.concat([tf.transpose(x!, [2, 0, 1]), tf.transpose(y!, [1, 2, 0])], 2),
  ),
  row(
    tf.Concat,
    "broadcasts",
    [[3, 1], [1, 4]],
    (x, y) => tf.concat([tf.tile(x!, [1, 4]), tf.tile(y!, [2, 1])], 0),
  ),
  row(tf.Pack, "a new first axis", [[2, 3], [2, 3]], (x, y) => tf.stack([x!, y!])),
  row(tf.Pack, "a new last axis", [[2, 3], [2, 3]], (x, y) => tf.stack([x!, y!], -1)),
  row(tf.Pack, "scalars", [[], []], (x, y) => tf.stack([x!, y!])),
  row(tf.Unpack, "the first axis", [[3, 4]], (x) => joined(tf.unstack(x!))),
  row(tf.Unpack, "a negative axis", [[3, 4]], (x) => joined(tf.unstack(x!, -1))),
  row(
    tf.Unpack,
    "only one of the results is used",
    [[3, 4]],
    (x) => tf.square(tf.unstack(x!, 1)[2]!),
  ),
  row(tf.SplitV, "equal parts", [[6, 2]], (x) => joined(tf.split(x!, 3))),
  row(tf.SplitV, "given sizes", [[2, 7]], (x) => joined(tf.split(x!, [1, 4, 2], 1))),
  row(
    tf.SplitV,
    "an inferred size, a negative axis",
    [[2, 7]],
    (x) => joined(tf.split(x!, [3, -1], -1)),
  ),
  row(
    tf.SplitV,
    "a transposed tensor",
    [[6, 2, 3]],
    (x) => joined(tf.split(tf.transpose(x!, [1, 2, 0]), 2, 2)),
  ),
];

const cutting: KernelCase[] = [
  row(tf.Slice, "the inside", [[4, 5]], (x) => tf.slice(x!, [1, 2], [2, 3])),
  row(tf.Slice, "to the end", [[4, 5]], (x) => tf.slice(x!, [1, 2], [-1, -1])),
  row(tf.Slice, "all of it", [[4, 5]], (x) => tf.slice(x!, [0, 0], [4, 5])),
  row(
    tf.Slice,
    "a transposed tensor",
    [[4, 5, 3]],
    (x) => tf.slice(tf.transpose(x!, [2, 0, 1]), [1, 0, 2], [2, 3, 3]),
  ),
  row(
    tf.Slice,
    "a broadcast tensor",
    [[5, 1]],
    (x) => tf.slice(tf.broadcastTo(x!, [3, 5, 4]), [1, 2, 1], [2, 2, 3]),
  ),
  row(
    tf.StridedSlice,
    "every second element",
    [[7, 5]],
    (x) => tf.stridedSlice(x!, [0, 1], [7, 5], [2, 2]),
  ),
  row(
    tf.StridedSlice,
    "backwards from the end to the first element",
    [[7]],
    (x) => tf.stridedSlice(x!, [-1], [0], [-2], 0, 1),
  ),
  row(
    tf.StridedSlice,
    "backwards, stopping before the first element",
    [[7]],
    (x) => tf.stridedSlice(x!, [5], [1], [-2]),
  ),
  row(
    tf.StridedSlice,
    "an ellipsis, a new axis and an axis dropped",
    [[3, 4, 5]],
    (x) => tf.stridedSlice(x!, [0, 0, 1, 2], [0, 0, 3, 3], [1, 1, 1, 1], 0, 0, 2, 1, 8),
  ),
  row(
    tf.StridedSlice,
    "a transposed tensor",
    [[5, 7]],
    (x) => tf.stridedSlice(tf.transpose(x!), [1, 0], [6, 5], [3, 2]),
  ),
  row(tf.Reverse, "one axis", [[3, 4]], (x) => tf.reverse(x!, 0)),
  row(tf.Reverse, "a negative axis", [[3, 4]], (x) => tf.reverse(x!, -1)),
  row(tf.Reverse, "all axes", [[2, 3, 4]], (x) => tf.reverse(x!)),
  row(tf.Reverse, "one element", [[1, 4]], (x) => tf.reverse(x!, 0)),
  row(tf.Reverse, "a transposed tensor", [[3, 4]], (x) => tf.reverse(tf.transpose(x!), 0)),
].map((testCase) =>
  testCase.kernel === tf.StridedSlice
    ? { ...testCase, noGradient: "TensorFlow.js has none" }
    : testCase
);

const growing: KernelCase[] = [
  row(tf.PadV2, "different sides", [[2, 3]], (x) => tf.pad(x!, [[1, 0], [2, 3]])),
  row(tf.PadV2, "a value", [[2, 3]], (x) => tf.pad(x!, [[1, 2], [0, 1]], 7)),
  row(tf.PadV2, "nothing", [[2, 3]], (x) => tf.pad(x!, [[0, 0], [0, 0]])),
  row(
    tf.PadV2,
    "a transposed tensor",
    [[2, 3, 4]],
    (x) => tf.pad(tf.transpose(x!, [1, 2, 0]), [[1, 0], [0, 2], [3, 1]]),
  ),
  row(
    tf.PadV2,
    "a broadcast tensor",
    [[1, 3]],
    (x) => tf.pad(tf.tile(x!, [2, 1]), [[1, 1], [0, 1]]),
  ),
  {
    kernel: tf.PadV2,
    name: "integers",
    inputs: [whole(-3, 3, [2, 3])],
    fn: (x: tf.Tensor) => tf.pad(x, [[1, 0], [0, 1]], -1),
  },
  row(tf.Tile, "every axis", [[2, 3]], (x) => tf.tile(x!, [2, 3])),
  row(tf.Tile, "an axis of one", [[2, 1]], (x) => tf.tile(x!, [1, 4])),
  row(tf.Tile, "a transposed tensor", [[2, 3]], (x) => tf.tile(tf.transpose(x!), [2, 2])),
  {
    kernel: tf.Tile,
    name: "integers",
    inputs: [integers([1, 2])],
    fn: (x: tf.Tensor) => tf.tile(x, [3]),
  },
];

const makers: KernelCase[] = [
  row(tf.Fill, "a value", [[3]], (x) => tf.mul(x!, tf.fill([2, 3], 1.5))),
  row(tf.Fill, "as a result of its own", [[3]], (x) => tf.concat([x!, tf.fill([2], 1.5)])),
  row(tf.ZerosLike, "beside x", [[2, 3]], (x) => tf.concat([x!, tf.zerosLike(x!)])),
  row(tf.OnesLike, "beside x", [[2, 3]], (x) => tf.concat([x!, tf.onesLike(x!)])),
  row(tf.Range, "upwards", [[4]], (x) => tf.mul(x!, tf.range(1, 9, 2))),
  row(tf.Range, "downwards by a fraction", [[4]], (x) => tf.mul(x!, tf.range(1, -0.9, -0.5))),
  {
    kernel: tf.Range,
    name: "integers",
    inputs: [whole(-3, 3, [4])],
    fn: (x: tf.Tensor) => tf.add(x, tf.range(0, 4, 1, "int32")),
  },
  row(tf.LinSpace, "both ends included", [[5]], (x) => tf.mul(x!, tf.linspace(-1, 2, 5))),
  row(tf.LinSpace, "one element", [[1]], (x) => tf.mul(x!, tf.linspace(3, 7, 1))),
];

const rangeRows: KernelCase[] = ([[4, -2], [0, -10], [-2, 4], [3, 3]] as const).map((
  [start, stop],
) => ({
  kernel: tf.Range,
  name: `from ${start} to ${stop}`,
  inputs: [floats([1])],
  fn: (x: tf.Tensor) => tf.mul(tf.range(start, stop), x),
  ...(start === stop ? { noGradient: "TensorFlow.js has none over no elements" } : {}),
}));

export const shapeCases: readonly KernelCase[] = [
  ...rangeRows,
  ...([
    [[1, 0], [5, 4], [2, 3]],
    [[4, 3], [0, 0], [-2, -1]],
    [[3, 1], [4, 2], [1, 1]],
  ] as const).map(([begin, end, strides]): KernelCase => ({
    kernel: tf.StridedSlice,
    name: `with a gradient, from ${begin} to ${end} by ${strides}`,
    inputs: [wave([5, 4])],
    fn: (x: tf.Tensor) => tf.stridedSlice(x, [...begin], [...end], [...strides]),
    // TensorFlow.js has no gradient.
    reference: "finite differences",
  })),
  {
    kernel: tf.Diag,
    name: "a vector",
    inputs: [wave([4])],
    fn: (x: tf.Tensor) => tf.diag(x),
    noGradient: "TensorFlow.js has none",
  },
  ...movement,
  ...joining,
  ...cutting,
  ...growing,
  ...makers,
];
