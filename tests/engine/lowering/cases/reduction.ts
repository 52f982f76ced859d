import { tf } from "../../../../engine/mod.ts";
import { between, floats, wave, whole } from "../inputs.ts";
import type { KernelCase } from "../parity.ts";

type Reduce = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor;

const shape = [3, 5, 4];

const reductions: readonly { kernel: string; fn: Reduce; noGradient?: string }[] = [
  { kernel: tf.Sum, fn: tf.sum },
  { kernel: tf.Mean, fn: tf.mean },
  { kernel: tf.Max, fn: tf.max },
  { kernel: tf.Min, fn: tf.min },
  // TensorFlow.js writes its gradient with Cumprod.
  { kernel: tf.Prod, fn: tf.prod, noGradient: "Cumprod has no lowering" },
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
const cumsumRows: KernelCase[] = [0, 1, 2].flatMap((axis) =>
  [false, true].flatMap((exclusive) =>
    [false, true].map((reverse) => ({
      kernel: tf.Cumsum,
      name: `axis ${axis}${exclusive ? ", exclusive" : ""}${reverse ? ", reversed" : ""}`,
      inputs: [wave(shape)],
      fn: (x: tf.Tensor) => tf.cumsum(x, axis, exclusive, reverse),
      ...(axis === 2 ? {} : { noGradient: "TensorFlow.js's is right for the last axis only" }),
    }))
  )
);

export const reductionCases: readonly KernelCase[] = [
  ...reductionRows,
  ...argumentRows,
  ...softmaxRows,
  ...cumsumRows,
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
