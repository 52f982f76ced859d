import { tf } from "../../../../engine/mod.ts";
import { integers, wave, whole } from "../inputs.ts";
import type { KernelCase } from "../parity.ts";

const gather = (name: string, shape: number[], indices: number[], axis: number) => ({
  kernel: tf.GatherV2,
  name,
  inputs: [wave(shape), whole(0, shape.at(axis)! - 1, indices, 0.9)],
  fn: (x: tf.Tensor, i: tf.Tensor) => tf.gather(x, i as tf.Tensor1D, axis),
});

const oneHot = (name: string, inputs: KernelCase["inputs"], ...more: [number?, number?]) => ({
  kernel: tf.OneHot,
  name,
  inputs,
  fn: (i: tf.Tensor) => tf.oneHot(i, 4, more[0], more[1], "float32"),
});

const inBatches = (name: string, x: number[], indices: number[], axis: number, batch: number) => ({
  ...gather(name, x, indices, axis),
  fn: (x: tf.Tensor, i: tf.Tensor) => tf.gather(x, i as tf.Tensor1D, axis, batch),
  // The gradient is ours, on TensorFlow.js's cpu backend too.
  reference: "finite differences" as const,
});

const lookUps: readonly KernelCase[] = [
  inBatches("indices for each row", [2, 5], [2, 3], 1, 1),
  inBatches("indices for each row, matrices of them", [2, 5, 3], [2, 2, 3], 1, 1),
  inBatches("two batch axes", [2, 3, 4, 2], [2, 3, 5], 2, 2),
  inBatches("an axis beyond the batch axes", [2, 3, 4], [2, 2], 2, 1),
  {
    kernel: tf.GatherNd,
    name: "elements",
    inputs: [wave([3, 4]), integers([0, 1, 2, 3, 0, 1], [3, 2])],
    fn: (x: tf.Tensor, i: tf.Tensor) => tf.gatherND(x, i),
    reference: "finite differences",
  },
  {
    kernel: tf.GatherNd,
    name: "rows, by a matrix of indices",
    inputs: [wave([3, 4]), integers([2, 0, 2, 1], [2, 2, 1])],
    fn: (x: tf.Tensor, i: tf.Tensor) => tf.gatherND(x, i),
    reference: "finite differences",
  },
  {
    kernel: tf.ScatterNd,
    name: "elements, one place twice",
    inputs: [integers([0, 1, 2, 3, 0, 1], [3, 2]), wave([3])],
    fn: (i: tf.Tensor, x: tf.Tensor) => tf.scatterND(i, x, [3, 4]),
    reference: "finite differences",
  },
  {
    kernel: tf.ScatterNd,
    name: "rows of integers",
    inputs: [integers([2, 0, 2], [3, 1]), whole(-9, 9, [3, 2])],
    fn: (i: tf.Tensor, x: tf.Tensor) => tf.scatterND(i, x, [4, 2]),
  },
  {
    kernel: tf.TensorScatterUpdate,
    name: "rows are replaced",
    inputs: [wave([4, 3]), integers([3, 1], [2, 1]), wave([2, 3], 0.8)],
    fn: (x: tf.Tensor, i: tf.Tensor, updates: tf.Tensor) => tf.tensorScatterUpdate(x, i, updates),
    noGradient: "TensorFlow.js has none",
  },
  {
    kernel: tf.UnsortedSegmentSum,
    name: "rows of integers, some of no segment",
    inputs: [whole(-9, 9, [5, 2]), integers([2, 9, 0, 3, 2])],
    // TensorFlow.js's cpu backend makes floats of them.
    fn: (x: tf.Tensor, i: tf.Tensor) =>
      tf.cast(tf.unsortedSegmentSum(x, i as tf.Tensor1D, 3), "float32"),
  },
];

export const indexingCases: readonly KernelCase[] = [
  ...lookUps,
  gather("rows, some more than once", [4, 3], [9], 0),
  gather("one row", [4, 3], [1], 0),
  gather("a middle axis", [2, 5, 3], [7], 1),
  gather("a negative axis", [2, 5, 3], [4], -1),
  gather("rows by a matrix of indices", [4, 3], [2, 3], 0),
  {
    ...gather("integers", [4, 3], [3], 0),
    inputs: [whole(-9, 9, [4, 3]), integers([3, 0, 3])],
  },
  {
    ...gather("rows of a transposed tensor", [4, 3], [3], 0),
    inputs: [wave([4, 3]), integers([2, 0, 2])],
    fn: (x: tf.Tensor, i: tf.Tensor) => tf.gather(tf.transpose(x), i as tf.Tensor1D),
  },
  oneHot("a batch of 1", [integers([2])]),
  oneHot("a batch of 3", [integers([2, 0, 3])]),
  oneHot("a matrix of indices", [whole(0, 3, [2, 3])]),
  oneHot("indices out of range are all off", [integers([-1, 4, 1])]),
  oneHot("other values for on and off", [integers([1, 3])], 0.75, -2),
  {
    ...oneHot("integers, its default", [integers([1, 3])]),
    fn: (i: tf.Tensor) => tf.oneHot(i, 4),
  },
  {
    ...oneHot("a product with weights, as an embedding", [integers([1, 3, 1]), wave([4, 5])]),
    fn: (i: tf.Tensor, weight: tf.Tensor) => tf.matMul(tf.oneHot(i, 4, 1, 0, "float32"), weight),
  },
  {
    kernel: tf.UnsortedSegmentSum,
    name: "rows of a matrix, with an empty segment",
    inputs: [wave([6, 3]), integers([2, 0, 2, 3, 0, 2])],
    fn: (x: tf.Tensor, i: tf.Tensor) => tf.unsortedSegmentSum(x, i as tf.Tensor1D, 5),
    noGradient: "TensorFlow.js writes it with a gather of indices that it looks at",
  },
  {
    kernel: tf.UnsortedSegmentSum,
    name: "rows with a negative index are dropped",
    inputs: [wave([4, 3]), integers([2, -1, 0, 2])],
    fn: (x: tf.Tensor, i: tf.Tensor) => tf.unsortedSegmentSum(x, i as tf.Tensor1D, 3),
    noGradient: "TensorFlow.js writes it with a gather of indices that it looks at",
  },
  {
    ...gather("the gradient of a gather", [4, 3], [9], 0),
    kernel: tf.UnsortedSegmentSum,
  },
  {
    ...gather("the gradient of a gather along a middle axis", [2, 5, 3], [7], 1),
    kernel: tf.UnsortedSegmentSum,
  },
];
