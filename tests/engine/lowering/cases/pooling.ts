import { tf } from "../../../../engine/mod.ts";
import { apart, floats, whole } from "../inputs.ts";
import type { KernelCase } from "../parity.ts";

type Pad = "same" | "valid" | number;
type Pair = number | [number, number];

interface Pooling {
  readonly name: string;
  readonly x: readonly [number, number, number, number];
  readonly window: Pair;
  readonly strides: Pair;
  readonly pad: Pad;
}

const poolings: readonly Pooling[] = [
  { name: "windows that tile the image", x: [2, 6, 4, 3], window: 2, strides: 2, pad: "valid" },
  { name: "3×3 at stride 1, same", x: [2, 4, 5, 2], window: 3, strides: 1, pad: "same" },
  { name: "3×3 at stride 2, same", x: [1, 7, 6, 2], window: 3, strides: 2, pad: "same" },
  {
    name: "windows that leave a rest",
    x: [1, 7, 6, 2],
    window: [2, 3],
    strides: [2, 3],
    pad: "valid",
  },
  { name: "strides beyond the window", x: [1, 8, 7, 2], window: 2, strides: 3, pad: "valid" },
  { name: "explicit padding", x: [2, 5, 5, 1], window: 3, strides: 2, pad: 1 },
];

const poolingRows: KernelCase[] = ([
  [tf.AvgPool, tf.avgPool],
  [tf.AvgPoolGrad, tf.avgPool],
  [tf.MaxPool, tf.maxPool],
  [tf.MaxPoolGrad, tf.maxPool],
] as const).flatMap(([kernel, pool]) =>
  poolings.map(({ name, x, window, strides, pad }): KernelCase => ({
    kernel,
    name,
    inputs: [apart(x)],
    fn: (x: tf.Tensor4D) => pool(x, window, strides, pad),
    // TensorFlow.js's cpu backend divides the gradient of a mean by the padding too.
    reference: "finite differences",
  }))
);

export const poolingCases: readonly KernelCase[] = [
  ...poolingRows,
  {
    kernel: tf.MaxPoolGrad,
    name: "the first of equals has the gradient",
    inputs: [floats([1, 1, 0, 1, 2, 2, 2, 2, 0], [1, 3, 3, 1])],
    fn: (x: tf.Tensor4D) => tf.maxPool(x, 2, 1, "valid"),
  },
  {
    kernel: tf.MaxPool,
    name: "all negative, with padding",
    inputs: [whole(-9, -1, [2, 3, 3, 2])],
    fn: (x: tf.Tensor4D) => tf.maxPool(tf.cast(x, "float32"), 3, 2, "same"),
  },
  {
    kernel: tf.MaxPool,
    name: "NaN is not passed over",
    inputs: [floats([1, 2, NaN, 3, 4, 5], [1, 2, 3, 1])],
    fn: (x: tf.Tensor4D) => tf.maxPool(x, 2, 1, "valid"),
    noGradient: "it is not finite there",
    // TensorFlow.js's cpu backend passes over it.
    reference: () => [4, NaN],
  },
];
