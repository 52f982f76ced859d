import { tf } from "../../../../engine/mod.ts";
import { floats, integers, wave, whole } from "../inputs.ts";
import type { KernelCase } from "../parity.ts";

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

const comparisons: readonly [string, Binary][] = [
  [tf.Equal, (a, b) => tf.equal(a, b)],
  [tf.NotEqual, (a, b) => tf.notEqual(a, b)],
  [tf.Greater, (a, b) => tf.greater(a, b)],
  [tf.GreaterEqual, (a, b) => tf.greaterEqual(a, b)],
  [tf.Less, (a, b) => tf.less(a, b)],
  [tf.LessEqual, (a, b) => tf.lessEqual(a, b)],
];

const comparisonRows: KernelCase[] = comparisons.flatMap(([kernel, fn]) => [
  { kernel, fn, name: "floats", inputs: [floats([1, 2, 2, -0, 5]), floats([2, 1, 2, 0, 5])] },
  {
    kernel,
    fn,
    name: "infinities and NaN",
    inputs: [floats([NaN, NaN, Infinity, -Infinity]), floats([NaN, 1, Infinity, Infinity])],
  },
  { kernel, fn, name: "integers", inputs: [whole(-2, 2, [3, 4]), whole(-2, 2, [3, 4], 0.9)] },
  { kernel, fn, name: "a row and a column", inputs: [whole(0, 3, [3, 1]), whole(0, 3, [4], 0.9)] },
  { kernel, fn, name: "a scalar", inputs: [wave([2, 3]), floats([0.5], [])] },
]);

const bool = (x: tf.Tensor) => tf.cast(x, "bool");
const truth = whole(0, 1, [3, 4]);

const logicRows: KernelCase[] = [
  {
    kernel: tf.LogicalAnd,
    name: "equal shapes",
    inputs: [truth, whole(0, 1, [3, 4], 0.9)],
    fn: (a: tf.Tensor, b: tf.Tensor) => tf.logicalAnd(bool(a), bool(b)),
  },
  {
    kernel: tf.LogicalOr,
    name: "a row and a column",
    inputs: [whole(0, 1, [3, 1], 2), whole(0, 1, [4], 0.9)],
    fn: (a: tf.Tensor, b: tf.Tensor) => tf.logicalOr(bool(a), bool(b)),
  },
  { kernel: tf.LogicalNot, name: "a matrix", inputs: [truth], fn: (x) => tf.logicalNot(bool(x)) },
  ...[tf.isNaN, tf.isInf, tf.isFinite].map((fn, i): KernelCase => ({
    kernel: [tf.IsNan, tf.IsInf, tf.IsFinite][i]!,
    name: "floats of every kind",
    inputs: [floats([NaN, 0, Infinity, -1, -Infinity])],
    fn: (x: tf.Tensor) => fn(x),
  })),
];

const reductions: readonly [string, typeof tf.all][] = [[tf.All, tf.all], [tf.Any, tf.any]];

const reductionRows: KernelCase[] = reductions.flatMap(([kernel, reduce]) => [
  { kernel, name: "all axes", inputs: [truth], fn: (x: tf.Tensor) => reduce(bool(x)) },
  { kernel, name: "a negative axis", inputs: [truth], fn: (x: tf.Tensor) => reduce(bool(x), -1) },
  {
    kernel,
    name: "the first axis, kept",
    inputs: [truth],
    fn: (x: tf.Tensor) => reduce(bool(x), [0], true),
  },
]);

const select = (condition: tf.Tensor, t: tf.Tensor, e: tf.Tensor) =>
  tf.where(bool(condition), t, e);

const selectRows: KernelCase[] = [
  { name: "equal shapes", inputs: [truth, wave([3, 4]), wave([3, 4], 0.7)] },
  {
    name: "a condition for each row",
    inputs: [integers([1, 0, 1], [3, 1]), wave([3, 4]), wave([3, 4], 0.7)],
  },
  { name: "a scalar on one side", inputs: [truth, wave([3, 4]), floats([2], [])] },
  { name: "a scalar condition", inputs: [integers([0], []), wave([3, 4]), wave([3, 4], 0.7)] },
  { name: "integers", inputs: [truth, whole(-3, 3, [3, 4]), whole(-3, 3, [3, 4], 0.7)] },
].map((row) => ({ kernel: tf.Select, fn: select, ...row }));

export const comparisonCases: readonly KernelCase[] = [
  ...comparisonRows,
  ...logicRows,
  ...reductionRows,
  ...selectRows,
  {
    kernel: tf.Select,
    name: "a condition of rank 1 takes whole rows",
    inputs: [integers([1, 0, 1]), wave([3, 4]), wave([3, 4], 0.7)],
    // Only the kernel itself does so: tf.where broadcasts the condition first.
    fn: (condition: tf.Tensor, t: tf.Tensor, e: tf.Tensor) =>
      tf.engine().runKernel(tf.Select, { condition: bool(condition), t, e }) as tf.Tensor,
    noGradient: "TensorFlow.js's does not know of that",
    // TensorFlow.js's cpu backend repeats the first elements instead.
    reference: (condition, t, e) =>
      Array.from(t.data, (x, i) => condition.data[Math.floor(i / 4)] ? x : e.data[i]!),
  },
  {
    kernel: tf.Select,
    name: "does not let a NaN through that it does not take",
    inputs: [integers([1, 0]), floats([1, NaN]), floats([NaN, 2])],
    fn: select,
  },
];
