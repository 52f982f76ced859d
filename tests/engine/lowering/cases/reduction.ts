import { tf } from "../../../../engine/mod.ts";
import { apart, type ArrayInput, between, floats, wave, whole } from "../inputs.ts";
import type { KernelCase } from "../parity.ts";

type Reduce = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor;

const shape = [3, 5, 4];

const reductions: readonly { kernel: string; fn: Reduce }[] = [
  { kernel: tf.Sum, fn: tf.sum },
  { kernel: tf.Mean, fn: tf.mean },
  { kernel: tf.Max, fn: tf.max },
  { kernel: tf.Min, fn: tf.min },
  { kernel: tf.Prod, fn: tf.prod },
];

const axes: Readonly<Record<string, number | number[] | undefined>> = {
  "all axes": undefined,
  "the first axis": 0,
  "a middle axis": 1,
  "a negative axis": -1,
  "two axes, out of order": [2, 0],
  "two negative axes": [-1, -2],
};

const reductionRows: KernelCase[] = reductions.flatMap(({ fn, ...row }) => [
  ...Object.entries(axes).flatMap(([name, axis]) => [
    { ...row, name, inputs: [wave(shape)], fn: (x: tf.Tensor) => fn(x, axis) },
    {
      ...row,
      name: `${name}, kept`,
      inputs: [wave(shape)],
      fn: (x: tf.Tensor) => fn(x, axis, true),
    },
  ]),
  {
    ...row,
    name: "a transposed tensor",
    inputs: [wave(shape)],
    fn: (x: tf.Tensor) => fn(tf.transpose(x, [2, 0, 1]), [0, 2]),
  },
  {
    ...row,
    name: "a tensor broadcast along the reduced and another axis",
    inputs: [wave([5, 1])],
    fn: (x: tf.Tensor) => fn(tf.broadcastTo(x, [3, 5, 4]), [0, 1]),
  },
  {
    ...row,
    name: "axes of one element",
    inputs: [wave([1, 3, 1])],
    fn: (x: tf.Tensor) => fn(x, [0, 2]),
  },
  { ...row, name: "a scalar", inputs: [wave([])], fn: (x: tf.Tensor) => fn(x) },
  {
    ...row,
    name: "32-bit integers",
    inputs: [whole(-3, 3, shape)],
    fn: (x: tf.Tensor) => fn(x, 1),
  },
]);

const argumentRows: KernelCase[] = ([[tf.ArgMax, tf.argMax], [tf.ArgMin, tf.argMin]] as const)
  .flatMap(([kernel, fn]) => [
    ...[0, 1, -1].map((axis) => ({
      kernel,
      name: `axis ${axis}`,
      inputs: [wave(shape)],
      fn: (x: tf.Tensor) => fn(x, axis),
    })),
    {
      kernel,
      name: "the first of equals",
      inputs: [whole(0, 2, [4, 9])],
      fn: (x: tf.Tensor) => fn(x, 1),
    },
    {
      kernel,
      name: "a transposed tensor",
      inputs: [wave([4, 5])],
      fn: (x: tf.Tensor) => fn(tf.transpose(x), 1),
    },
  ]);

const softmaxes = [
  [tf.Softmax, tf.softmax, "softmax"],
  // Which TensorFlow.js composes of other kernels.
  [tf.Log, tf.logSoftmax, "logarithm of a softmax"],
] as const;

const softmaxRows: KernelCase[] = softmaxes.flatMap(([kernel, fn, of]) =>
  [
    { kernel, name: "a matrix", inputs: [between(-4, 4, [3, 7])], fn: (x: tf.Tensor) => fn(x) },
    {
      kernel,
      name: "batches of matrices",
      inputs: [wave([2, 3, 5])],
      fn: (x: tf.Tensor) => fn(x, -1),
    },
    { kernel, name: "a vector", inputs: [wave([5])], fn: (x: tf.Tensor) => fn(x) },
    {
      kernel,
      name: "a transposed tensor",
      inputs: [wave([4, 5])],
      fn: (x: tf.Tensor) => fn(tf.transpose(x)),
    },
    {
      kernel,
      name: "large logits, without overflow",
      inputs: [floats([1000, 999, -1000, -999, 0, 1], [2, 3])],
      fn: (x: tf.Tensor) => fn(x),
    },
    {
      kernel,
      name: "a logit of −infinity",
      inputs: [floats([1, -Infinity, 2])],
      fn: (x: tf.Tensor) => fn(x),
      noGradient: "it is not finite there",
    },
  ].map((row) => ({ ...row, name: `${of} of ${row.name}` }))
);

// Not of negative axes, for which TensorFlow.js's cpu backend gives a wrong shape.
const scanRows: KernelCase[] = ([[tf.Cumsum, tf.cumsum], [tf.Cumprod, tf.cumprod]] as const)
  .flatMap(([kernel, scan]) =>
    [0, 1, 2].flatMap((axis) =>
      [false, true].flatMap((exclusive) =>
        [false, true].map((reverse) => ({
          kernel,
          name: `axis ${axis}${exclusive ? ", exclusive" : ""}${reverse ? ", reversed" : ""}`,
          inputs: [wave(shape)],
          fn: (x: tf.Tensor) => scan(x, axis, exclusive, reverse),
          // TensorFlow.js has no right gradient but that of sums along the last axis.
          reference: "finite differences" as const,
        }))
      )
    )
  );

const topK = (name: string, input: ArrayInput, k: number, which: "values" | "indices") => ({
  kernel: tf.TopK,
  name,
  inputs: [input],
  fn: (x: tf.Tensor) => tf.topk(x, k)[which],
});

const topKRows: KernelCase[] = [
  {
    ...topK("the values of three", apart([2, 3, 7]), 3, "values"),
    reference: "finite differences",
  },
  topK("their places", wave([2, 3, 7]), 3, "indices"),
  topK("integers, the first of equals first", whole(0, 2, [3, 9]), 5, "indices"),
  topK("all of a vector", wave([5]), 5, "indices"),
];

export const reductionCases: readonly KernelCase[] = [
  ...reductionRows,
  ...argumentRows,
  ...softmaxRows,
  ...scanRows,
  ...topKRows,
  {
    kernel: tf.SearchSorted,
    name: "places from the left",
    inputs: [floats([1, 3, 3, 5, 2, 2, 4, 9], [2, 4]), floats([3, 0, 9, 2, 10, 3], [2, 3])],
    fn: (sequence: tf.Tensor, values: tf.Tensor) => tf.searchSorted(sequence, values, "left"),
  },
  {
    kernel: tf.SearchSorted,
    name: "places from the right",
    inputs: [floats([1, 3, 3, 5, 2, 2, 4, 9], [2, 4]), floats([3, 0, 9, 2, 10, 3], [2, 3])],
    fn: (sequence: tf.Tensor, values: tf.Tensor) => tf.searchSorted(sequence, values, "right"),
  },
  ...[tf.max, tf.min].map((fn, i): KernelCase => ({
    kernel: [tf.Max, tf.Min][i]!,
    name: "NaN and infinities",
    inputs: [
      floats([1, NaN, 2, Infinity, -Infinity, 0, -Infinity, 3, NaN, Infinity, 1, 2], [4, 3]),
    ],
    fn: (x: tf.Tensor) => fn(x, 1),
    noGradient: "it is not finite there",
  })),
  ...[tf.argMax, tf.argMin].map((fn, i): KernelCase => ({
    kernel: [tf.ArgMax, tf.ArgMin][i]!,
    name: "NaN is passed over",
    inputs: [floats([3, NaN, 2, 5, 1, NaN], [2, 3])],
    fn: (x: tf.Tensor) => fn(x, 1),
  })),
  {
    kernel: tf.Prod,
    name: "with zeros, one and two in a row",
    inputs: [floats([2, 3, 0, 0, 4, 0, 1, 2, 3], [3, 3])],
    fn: (x: tf.Tensor) => tf.prod(x, 1),
    reference: "finite differences",
  },
  {
    kernel: tf.Sum,
    name: "a number of higher rank times a vector",
    inputs: [floats([1, 2, 3])],
    fn: (x: tf.Tensor) => tf.sum(tf.mul(x, tf.tensor2d([[2]])), 1),
  },
  {
    kernel: tf.Sum,
    name: "a product with a constant, whose factor is taken out",
    inputs: [wave(shape)],
    fn: (x: tf.Tensor) => tf.sum(tf.mul(x, 3), [0, 2]),
  },
  {
    kernel: tf.Sum,
    name: "booleans are counted",
    inputs: [wave(shape)],
    fn: (x: tf.Tensor) => tf.sum(tf.greater(x, 0), 1),
  },
  {
    kernel: tf.Sum,
    name: "a broadcast of integers",
    inputs: [whole(-3, 3, [1, 4])],
    fn: (x: tf.Tensor) => tf.sum(tf.tile(x, [3, 1]), 0),
  },
  {
    kernel: tf.Max,
    name: "ties share the gradient as TensorFlow.js shares it",
    inputs: [floats([1, 3, 3, 2, 2, 0], [2, 3])],
    fn: (x: tf.Tensor) => tf.max(x, 1),
  },
];
