import { tf } from "../../../../engine/mod.ts";
import { type ArrayInput, between, floats, integers, wave, whole } from "../inputs.ts";
import type { KernelCase } from "../parity.ts";

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** Pairs of shapes: what broadcasting can look like. */
const BROADCASTS: Readonly<Record<string, readonly [number[], number[]]>> = {
  "equal shapes": [[3, 4], [3, 4]],
  "a scalar on the right": [[3, 5], []],
  "a scalar on the left": [[], [3, 5]],
  "a row": [[3, 5], [5]],
  "a column": [[3, 5], [3, 1]],
  "both sides stretched": [[3, 1, 5], [4, 1]],
  "one number in a batch of 1": [[1, 1], [1, 7, 3]],
};

interface BinaryRow {
  readonly kernel: string;
  readonly fn: Binary;
  /** Makes operands from shapes; the domain where the function is smooth. */
  readonly left?: (shape: number[]) => ArrayInput;
  readonly right?: (shape: number[]) => ArrayInput;
}

const away = (shape: number[]) => between(0.5, 2.5, shape, 0.71);

const binaryRows: readonly BinaryRow[] = [
  { kernel: tf.Add, fn: (a, b) => tf.add(a, b) },
  { kernel: tf.Sub, fn: (a, b) => tf.sub(a, b) },
  { kernel: tf.Multiply, fn: (a, b) => tf.mul(a, b) },
  { kernel: tf.RealDiv, fn: (a, b) => tf.div(a, b), right: away },
  { kernel: tf.Maximum, fn: (a, b) => tf.maximum(a, b) },
  { kernel: tf.Minimum, fn: (a, b) => tf.minimum(a, b) },
  { kernel: tf.Atan2, fn: (a, b) => tf.atan2(a, b) },
  { kernel: tf.Pow, fn: (a, b) => tf.pow(a, b), left: away },
  {
    kernel: tf.SquaredDifference,
    fn: (a, b) => tf.squaredDifference(a, b),
  },
  { kernel: tf.Mod, fn: (a, b) => tf.mod(a, b), left: (s) => between(-9, 9, s), right: away },
  {
    kernel: tf.FloorDiv,
    fn: (a, b) => tf.floorDiv(a, b),
    left: (s) => between(-9, 9, s),
    right: away,
  },
];

const binaryCases: KernelCase[] = binaryRows.flatMap((row) => {
  const { kernel, fn, left = wave, right = left } = row;
  return Object.entries(BROADCASTS).map(([name, [a, b]]) => ({
    kernel,
    name,
    fn,
    inputs: [left(a), right === wave ? wave(b, 0.53) : right(b)],
  }));
});

const signedInts = [integers([7, -7, 8, -8, 0, 5, 1 << 30]), integers([3, 3, -4, -4, 2, -7, 3])];

const integerCases: KernelCase[] = [
  { kernel: tf.Add, fn: (a: tf.Tensor, b: tf.Tensor) => tf.add(a, b) },
  { kernel: tf.Sub, fn: (a: tf.Tensor, b: tf.Tensor) => tf.sub(a, b) },
  { kernel: tf.Multiply, fn: (a: tf.Tensor, b: tf.Tensor) => tf.mul(a, tf.minimum(b, 1)) },
  { kernel: tf.Maximum, fn: (a: tf.Tensor, b: tf.Tensor) => tf.maximum(a, b) },
  { kernel: tf.Minimum, fn: (a: tf.Tensor, b: tf.Tensor) => tf.minimum(a, b) },
  { kernel: tf.FloorDiv, fn: (a: tf.Tensor, b: tf.Tensor) => tf.floorDiv(a, b) },
  { kernel: tf.Mod, fn: (a: tf.Tensor, b: tf.Tensor) => tf.mod(a, b) },
  { kernel: tf.BitwiseAnd, fn: (a: tf.Tensor, b: tf.Tensor) => tf.bitwiseAnd(a, b) },
  {
    kernel: tf.SquaredDifference,
    fn: (a: tf.Tensor, b: tf.Tensor) => tf.squaredDifference(tf.minimum(a, 9), b),
  },
].map((row) => ({ ...row, name: "32-bit integers of both signs", inputs: signedInts }));

interface UnaryRow {
  readonly kernel: string;
  readonly fn: (x: tf.Tensor) => tf.Tensor;
  readonly domain?: readonly [number, number];
  readonly rtol?: number;
  readonly atol?: number;
}

const unaryRows: readonly UnaryRow[] = [
  { kernel: tf.Abs, fn: (x) => tf.abs(x) },
  { kernel: tf.Acos, fn: (x) => tf.acos(x), domain: [-0.9, 0.9] },
  { kernel: tf.Acosh, fn: (x) => tf.acosh(x), domain: [1.1, 9] },
  { kernel: tf.Asin, fn: (x) => tf.asin(x), domain: [-0.9, 0.9] },
  { kernel: tf.Asinh, fn: (x) => tf.asinh(x), domain: [-9, 9] },
  { kernel: tf.Atanh, fn: (x) => tf.atanh(x), domain: [-0.9, 0.9] },
  { kernel: tf.Elu, fn: (x) => tf.elu(x), domain: [-4, 4] },
  { kernel: tf.EluGrad, fn: (x) => tf.elu(x), domain: [-4, 4] },
  { kernel: tf.Selu, fn: (x) => tf.selu(x), domain: [-4, 4] },
  { kernel: tf.Prelu, fn: (x) => tf.prelu(x, tf.scalar(0.3)) },
  { kernel: tf.Atan, fn: (x) => tf.atan(x), domain: [-5, 5] },
  { kernel: tf.Ceil, fn: (x) => tf.ceil(x), domain: [-3, 3] },
  { kernel: tf.Cos, fn: (x) => tf.cos(x), domain: [-9, 9] },
  { kernel: tf.Cosh, fn: (x) => tf.cosh(x), domain: [-3, 3] },
  { kernel: tf.Erf, fn: (x) => tf.erf(x), domain: [-3, 3] },
  { kernel: tf.Exp, fn: (x) => tf.exp(x), domain: [-9, 4] },
  { kernel: tf.Expm1, fn: (x) => tf.expm1(x), domain: [-3, 3] },
  { kernel: tf.Floor, fn: (x) => tf.floor(x), domain: [-3, 3] },
  { kernel: tf.Log, fn: (x) => tf.log(x), domain: [0.01, 9] },
  { kernel: tf.Log1p, fn: (x) => tf.log1p(x), domain: [-0.9, 9] },
  { kernel: tf.Neg, fn: (x) => tf.neg(x) },
  { kernel: tf.Reciprocal, fn: (x) => tf.reciprocal(x), domain: [0.1, 3] },
  { kernel: tf.Relu, fn: (x) => tf.relu(x) },
  { kernel: tf.Relu6, fn: (x) => tf.relu6(x), domain: [-4, 9] },
  { kernel: tf.Round, fn: (x) => tf.round(x), domain: [-3, 3] },
  { kernel: tf.Rsqrt, fn: (x) => tf.rsqrt(x), domain: [0.1, 5] },
  { kernel: tf.Sigmoid, fn: (x) => tf.sigmoid(x), domain: [-4, 4] },
  { kernel: tf.Sign, fn: (x) => tf.sign(x) },
  { kernel: tf.Sin, fn: (x) => tf.sin(x), domain: [-9, 9] },
  { kernel: tf.Sinh, fn: (x) => tf.sinh(x), domain: [-3, 3] },
  { kernel: tf.Softplus, fn: (x) => tf.softplus(x), domain: [-9, 9] },
  { kernel: tf.Sqrt, fn: (x) => tf.sqrt(x), domain: [0.1, 5] },
  { kernel: tf.Square, fn: (x) => tf.square(x), domain: [-3, 3] },
  { kernel: tf.Tan, fn: (x) => tf.tan(x), domain: [-1.4, 1.4] },
  { kernel: tf.Tanh, fn: (x) => tf.tanh(x), domain: [-4, 4] },
  { kernel: tf.LeakyRelu, fn: (x) => tf.leakyRelu(x, 0.3) },
  { kernel: tf.ClipByValue, fn: (x) => tf.clipByValue(x, -0.5, 0.25) },
  { kernel: tf.Step, fn: (x) => tf.step(x, 0.25) },
  { kernel: tf.Identity, fn: (x) => tf.clone(x) },
  { kernel: tf.AddN, fn: (x) => tf.addN([x, tf.square(x), tf.sin(x)]) },
];

const unaryCases: KernelCase[] = unaryRows.flatMap(({ domain = [-2, 2], ...row }) => [
  { ...row, name: "odd sizes", inputs: [between(...domain, [3, 5, 7])] },
  { ...row, name: "a scalar", inputs: [between(...domain, [])] },
  {
    ...row,
    name: "a transposed tensor",
    inputs: [between(...domain, [2, 3, 4])],
    fn: (x: tf.Tensor) => row.fn(tf.transpose(x, [2, 0, 1])),
  },
  {
    ...row,
    name: "a broadcast tensor",
    inputs: [between(...domain, [3, 1])],
    fn: (x: tf.Tensor) => row.fn(tf.broadcastTo(x, [2, 3, 4])),
  },
]);

const specials = floats([0, -0, 1, -1, Infinity, -Infinity, NaN]);
const noGradient = "it is not finite there";

const specialRows: readonly [string, (x: tf.Tensor) => tf.Tensor][] = [
  [tf.Abs, (x) => tf.abs(x)],
  [tf.Exp, (x) => tf.exp(x)],
  [tf.Log, (x) => tf.log(x)],
  [tf.Reciprocal, (x) => tf.reciprocal(x)],
  [tf.Sigmoid, (x) => tf.sigmoid(x)],
  [tf.Sqrt, (x) => tf.sqrt(x)],
  [tf.Tanh, (x) => tf.tanh(x)],
  [tf.Square, (x) => tf.square(x)],
  [tf.Neg, (x) => tf.neg(x)],
];

const specialCases: KernelCase[] = [
  ...specialRows.map(([kernel, fn]) => ({
    kernel,
    name: "zeros, infinities and NaN",
    inputs: [specials],
    fn,
    noGradient,
  })),
  {
    kernel: tf.RealDiv,
    name: "division by zeros, infinities and NaN",
    inputs: [floats([1, -1, 0, 1, 1, 1, 2]), specials],
    fn: (a: tf.Tensor, b: tf.Tensor) => tf.div(a, b),
    noGradient,
  },
  {
    kernel: tf.RealDiv,
    name: "division by the constant zero",
    inputs: [floats([1, -1, 0])],
    fn: (a: tf.Tensor) => tf.div(a, 0),
    noGradient,
  },
  {
    kernel: tf.RealDiv,
    name: "division by constants whose reciprocal is not a number of full precision",
    inputs: [floats([0, 1, 1.5e38, -3e38])],
    fn: (a: tf.Tensor) => tf.stack([tf.div(a, 3e38), tf.div(a, 1e-39)]),
    noGradient,
  },
  {
    kernel: tf.Round,
    name: "halves go to the even neighbour",
    inputs: [floats([0.5, 1.5, 2.5, -0.5, -1.5, -2.5])],
    fn: (x: tf.Tensor) => tf.round(x),
  },
  {
    kernel: tf.Softplus,
    name: "large arguments do not overflow",
    inputs: [floats([-100, -30, 0, 30, 100])],
    fn: (x: tf.Tensor) => tf.softplus(x),
  },
];

/** Functions near 0, and where their parts overflow: every digit counts. */
const small = [1e-8, -1e-8, 1e-6, -1e-5, 3e-4, 0.1, -0.5, 0];
const precise: readonly [string, (x: tf.Tensor) => tf.Tensor, (x: number) => number, number[]][] = [
  [tf.Expm1, (x) => tf.expm1(x), Math.expm1, [...small, 30, -30, 88, 200, -Infinity, Infinity]],
  [tf.Log1p, (x) => tf.log1p(x), Math.log1p, [...small, -1, -2, 1e30, Infinity]],
  [tf.Asinh, (x) => tf.asinh(x), Math.asinh, [...small, 1e20, -1e30, Infinity, -Infinity]],
  [tf.Acosh, (x) => tf.acosh(x), Math.acosh, [1, 1.0001, 1.5, 0.5, 1e20, Infinity]],
  [tf.Atanh, (x) => tf.atanh(x), Math.atanh, [...small, 1, -1, 2]],
  [tf.Elu, (x) => tf.elu(x), (x) => x > 0 ? x : Math.expm1(x), [...small, -100, 100]],
  [tf.Sign, (x) => tf.sign(x), (x) => Math.sign(x) || 0, [NaN, -3, 0, 2, Infinity, -Infinity]],
];

const preciseCases: KernelCase[] = precise.map(([kernel, fn, exact, values]) => ({
  kernel,
  name: "near zero and at the ends, to the last digits",
  inputs: [floats(values)],
  fn,
  noGradient: "some are not finite there",
  reference: ({ data }: ArrayInput) => Array.from(data, (x) => Math.fround(exact(x))),
  rtol: 1e-6,
  atol: 0,
}));

const nonFinite = floats([NaN, Infinity, -Infinity, 1, 0, -0, -2]);
const nonFiniteCases: KernelCase[] = [
  {
    kernel: tf.Multiply,
    name: "zero times what is not finite is NaN",
    inputs: [nonFinite],
    fn: (x: tf.Tensor) => tf.mul(x, 0),
    noGradient,
  },
  {
    kernel: tf.Multiply,
    name: "factors that overflow or vanish together, or on the way",
    inputs: [floats([1e-30, 1e30, 2, 1e-20])],
    fn: (x: tf.Tensor) =>
      tf.stack([
        tf.mul(tf.mul(x, 1e30), 1e30),
        tf.mul(tf.mul(x, 1e30), 1e-30),
        tf.mul(tf.mul(x, 1e-30), 1e-20),
        tf.div(tf.mul(tf.mul(x, 1e25), 1e25), 1e25),
      ]),
    noGradient,
  },
  {
    kernel: tf.Relu,
    name: "the gradient at NaN is NaN",
    inputs: [nonFinite],
    fn: (x: tf.Tensor) => tf.grad((x) => tf.sum(tf.relu(x)))(x),
    noGradient,
  },
  ...[0, 0.25, -1, 2].map((alpha): KernelCase => ({
    kernel: tf.Step,
    name: `${alpha} below zero, and NaN`,
    inputs: [nonFinite],
    fn: (x: tf.Tensor) => tf.step(x, alpha),
    noGradient,
  })),
  {
    kernel: tf.Pow,
    name: "the root of minus infinity",
    inputs: [floats([-Infinity, -4, 4, Infinity])],
    fn: (x: tf.Tensor) => tf.pow(x, 0.5),
    noGradient,
  },
  {
    kernel: tf.Atan2,
    name: "axes, diagonals and infinities",
    inputs: [
      floats([0, 1, 0, -1, 1, -1, Infinity, -Infinity, 5, 5, NaN]),
      floats([1, 0, -1, 0, -1, -1, Infinity, 1, -Infinity, Infinity, 1]),
    ],
    fn: (y: tf.Tensor, x: tf.Tensor) => tf.atan2(y, x),
    noGradient,
  },
];

const constantCases: KernelCase[] = [
  {
    kernel: tf.Multiply,
    name: "constants 1, 0, −1 and a chain of factors",
    inputs: [wave([3, 4]), wave([4], 0.7)],
    fn: (x: tf.Tensor, y: tf.Tensor) =>
      tf.stack([
        tf.mul(x, 1),
        tf.mul(x, 0),
        tf.mul(x, -1),
        tf.mul(3, tf.mul(tf.mul(x, y), 0.5)),
      ]),
  },
  {
    kernel: tf.Add,
    name: "constants 0, negated terms and a tensor's own negative",
    inputs: [wave([3, 4]), wave([4], 0.7)],
    fn: (x: tf.Tensor, y: tf.Tensor) =>
      tf.stack([tf.add(x, 0), tf.add(tf.neg(y), x), tf.add(x, tf.neg(y)), tf.add(x, tf.neg(x))]),
  },
  {
    kernel: tf.Sub,
    name: "from zero, of zero, of a negated term",
    inputs: [wave([3, 4]), wave([4], 0.7)],
    fn: (x: tf.Tensor, y: tf.Tensor) =>
      tf.stack([tf.sub(0, x), tf.sub(x, 0), tf.sub(x, tf.neg(y)), tf.sub(tf.zeros([3, 4]), x)]),
  },
  {
    kernel: tf.RealDiv,
    name: "a constant, a column, and the root of a column",
    inputs: [wave([3, 4]), between(0.5, 2, [3, 1])],
    fn: (x: tf.Tensor, y: tf.Tensor) =>
      tf.stack([tf.div(x, 7), tf.div(x, y), tf.div(x, tf.sqrt(y))]),
  },
  {
    kernel: tf.Pow,
    name: "constant exponents 0, 1/2, 1, 2, 3 and −1.5",
    inputs: [between(0.5, 2, [7])],
    fn: (x: tf.Tensor) => tf.stack([0, 0.5, 1, 2, 3, -1.5].map((power) => tf.pow(x, power))),
  },
  {
    kernel: tf.Maximum,
    name: "ties, whose gradient is shared as TensorFlow.js shares it",
    inputs: [floats([1, 2, 3]), floats([1, 5, -3])],
    fn: (a: tf.Tensor, b: tf.Tensor) => tf.maximum(a, b),
  },
  {
    kernel: tf.Minimum,
    name: "ties, whose gradient is shared as TensorFlow.js shares it",
    inputs: [floats([1, 2, 3]), floats([1, 5, -3])],
    fn: (a: tf.Tensor, b: tf.Tensor) => tf.minimum(a, b),
  },
  {
    kernel: tf.Sigmoid,
    name: "x·sigmoid(x) and x·sigmoid(1.7 x), fused",
    inputs: [between(-4, 4, [3, 5])],
    fn: (x: tf.Tensor) =>
      tf.stack([tf.mul(x, tf.sigmoid(x)), tf.mul(tf.sigmoid(tf.mul(x, 1.7)), x)]),
  },
  {
    kernel: tf.Sigmoid,
    name: "x·sigmoid(y) is not fused",
    inputs: [between(-4, 4, [5, 5]), wave([5, 5])],
    fn: (x: tf.Tensor, y: tf.Tensor) =>
      tf.stack([tf.mul(x, tf.sigmoid(y)), tf.mul(x, tf.sigmoid(tf.transpose(x)))]),
  },
];

const castCases: KernelCase[] = [
  {
    kernel: tf.Cast,
    name: "float to int cuts towards zero",
    inputs: [floats([-2.7, -0.5, 0.5, 2.7])],
    fn: (x: tf.Tensor) => tf.cast(x, "int32"),
  },
  {
    kernel: tf.Cast,
    name: "NaN, infinities and floats beyond 32 bits, as JavaScript has them",
    inputs: [floats([NaN, Infinity, -Infinity, 3e9, -3e9])],
    fn: (x: tf.Tensor) => tf.cast(x, "int32"),
  },
  {
    kernel: tf.Cast,
    name: "float and int to bool",
    inputs: [floats([-2.7, 0, 0.5, NaN]), integers([0, 1, -3, 0])],
    fn: (x: tf.Tensor, y: tf.Tensor) => tf.stack([tf.cast(x, "bool"), tf.cast(y, "bool")]),
  },
  {
    kernel: tf.Cast,
    name: "int to float, with a gradient behind it",
    inputs: [whole(-5, 5, [3, 4]), wave([3, 4])],
    fn: (x: tf.Tensor, y: tf.Tensor) => tf.mul(tf.cast(x, "float32"), y),
  },
  {
    kernel: tf.Cast,
    name: "a float plus an int is a float",
    inputs: [whole(-5, 5, [3, 1]), wave([4])],
    fn: (x: tf.Tensor, y: tf.Tensor) => tf.add(x, y),
  },
  {
    kernel: tf.Cast,
    name: "constants",
    inputs: [wave([3])],
    fn: (x: tf.Tensor) => tf.add(x, tf.cast(tf.fill([3], 2, "int32"), "float32")),
  },
];

const ofIntegers: KernelCase[] = [
  { kernel: tf.Abs, fn: (x: tf.Tensor) => tf.abs(x) },
  { kernel: tf.Neg, fn: (x: tf.Tensor) => tf.neg(x) },
  { kernel: tf.Sign, fn: (x: tf.Tensor) => tf.sign(x) },
  { kernel: tf.Square, fn: (x: tf.Tensor) => tf.square(x) },
  { kernel: tf.Relu, fn: (x: tf.Tensor) => tf.relu(x) },
  { kernel: tf.Identity, fn: (x: tf.Tensor) => tf.clone(x) },
  { kernel: tf.ClipByValue, fn: (x: tf.Tensor) => tf.clipByValue(x, -2, 3) },
].map((row) => ({ ...row, name: "32-bit integers", inputs: [whole(-5, 5, [3, 4])] }));

const integersToo: KernelCase[] = [
  { kernel: tf.Exp, fn: (x: tf.Tensor) => tf.exp(x) },
  { kernel: tf.Round, fn: (x: tf.Tensor) => tf.round(x) },
  { kernel: tf.Step, fn: (x: tf.Tensor) => tf.step(x) },
  { kernel: tf.LeakyRelu, fn: (x: tf.Tensor) => tf.leakyRelu(x, 0.3) },
  { kernel: tf.IsNan, fn: (x: tf.Tensor) => tf.isNaN(x) },
  { kernel: tf.BatchMatMul, fn: (x: tf.Tensor) => tf.matMul(x, x, true) },
].map((row) => ({ ...row, name: "of 32-bit integers", inputs: [whole(-5, 5, [3, 4])] }));

const truths = (x: tf.Tensor) => tf.greater(x, 0);
const booleansToo: KernelCase[] = [
  { kernel: tf.Max, fn: (x: tf.Tensor) => tf.max(truths(x), 1) },
  { kernel: tf.Min, fn: (x: tf.Tensor) => tf.min(truths(x), 1) },
  { kernel: tf.ArgMax, fn: (x: tf.Tensor) => tf.argMax(truths(x), 1) },
  { kernel: tf.PadV2, fn: (x: tf.Tensor) => tf.pad(truths(x), [[1, 0], [0, 2]]) },
  { kernel: tf.Select, fn: (x: tf.Tensor) => tf.where(truths(x), truths(x), tf.less(x, 1)) },
  { kernel: tf.Greater, fn: (x: tf.Tensor) => tf.greater(truths(x), tf.less(x, 2)) },
  { kernel: tf.Maximum, fn: (x: tf.Tensor) => tf.maximum(truths(x), tf.less(x, -2)) },
].map((row) => ({ ...row, name: "of booleans", inputs: [whole(-5, 5, [3, 4])] }));

const zeroDivisors = [integers([5, -3, 7, -(2 ** 31), 4]), integers([0, 2, 0, -1, -1])];
const divisionCases: KernelCase[] = [
  {
    kernel: tf.FloorDiv,
    name: "by zero, and of the smallest integer by −1",
    inputs: zeroDivisors,
    fn: (a: tf.Tensor, b: tf.Tensor) => tf.floorDiv(a, b),
    // 2^31 wraps, as it does in JavaScript.
    reference: () => [0, -2, 0, -(2 ** 31), -4],
  },
  {
    kernel: tf.Mod,
    name: "by zero, and of the smallest integer by −1",
    inputs: zeroDivisors,
    fn: (a: tf.Tensor, b: tf.Tensor) => tf.mod(a, b),
    reference: () => [0, 1, 0, 0, 0],
  },
];

export const elementwiseCases: readonly KernelCase[] = [
  ...binaryCases,
  ...integerCases,
  ...unaryCases,
  ...specialCases,
  ...constantCases,
  ...castCases,
  ...ofIntegers,
  ...preciseCases,
  ...nonFiniteCases,
  ...integersToo,
  ...booleansToo,
  ...divisionCases,
];
