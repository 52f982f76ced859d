import { tf } from "../../../../engine/mod.ts";
import { toTensor, wave } from "../inputs.ts";
import type { KernelCase } from "../parity.ts";

type Pad = "same" | "valid" | number | tf.backend_util.ExplicitPadding;
type Pair = number | [number, number];

interface Convolution {
  readonly name: string;
  /** [n, h, w, c] */
  readonly x: readonly [number, number, number, number];
  /** [kh, kw, o] */
  readonly filter: readonly [number, number, number];
  readonly strides?: Pair;
  readonly pad?: Pad;
  readonly dilations?: Pair;
}

const uneven: Pad = [[0, 0], [0, 1], [2, 1], [0, 0]];

/** Channels of 1 to 5: never in the blocked layout. */
const plain: readonly Convolution[] = [
  { name: "3×3", x: [1, 7, 9, 2], filter: [3, 3, 3] },
  { name: "3×3, batch 3, odd sizes", x: [3, 5, 7, 2], filter: [3, 3, 4] },
  { name: "more inputs than outputs", x: [2, 5, 6, 5], filter: [3, 3, 2] },
  { name: "valid", x: [2, 6, 5, 2], filter: [3, 3, 3], pad: "valid" },
  { name: "1×1", x: [3, 4, 5, 3], filter: [1, 1, 5] },
  { name: "1×1 at stride 2", x: [2, 5, 6, 3], filter: [1, 1, 4], strides: 2 },
  { name: "1×1 with padding beyond its reach", x: [1, 3, 4, 2], filter: [1, 1, 3], pad: 1 },
  { name: "1×1 with padding, fewer outputs", x: [1, 3, 4, 3], filter: [1, 1, 2], pad: 1 },
  { name: "3×3 with padding beyond its reach", x: [2, 4, 3, 2], filter: [3, 3, 3], pad: 4 },
  { name: "stride 2, same, even size", x: [1, 8, 6, 2], filter: [3, 3, 3], strides: 2 },
  { name: "stride 2, same, odd size, batch 3", x: [3, 7, 5, 2], filter: [3, 3, 3], strides: 2 },
  { name: "stride 2, padded evenly", x: [2, 8, 7, 2], filter: [3, 3, 3], strides: 2, pad: 1 },
  {
    name: "stride 2, valid, leaving a rest",
    x: [1, 8, 9, 2],
    filter: [3, 3, 3],
    strides: 2,
    pad: "valid",
  },
  { name: "strides 1 and 3", x: [1, 6, 10, 2], filter: [3, 2, 3], strides: [1, 3], pad: "valid" },
  {
    name: "stride beyond the filter",
    x: [1, 9, 8, 2],
    filter: [2, 1, 3],
    strides: 3,
    pad: "valid",
  },
  { name: "2×2, same: uneven padding", x: [2, 5, 4, 2], filter: [2, 2, 3] },
  { name: "4×4 at stride 2", x: [1, 8, 8, 2], filter: [4, 4, 3], strides: 2 },
  { name: "5×1", x: [1, 6, 5, 2], filter: [5, 1, 3] },
  { name: "padding given for each side", x: [2, 5, 6, 2], filter: [3, 2, 3], pad: uneven },
  {
    name: "padding given for each side at stride 2",
    x: [2, 5, 6, 2],
    filter: [3, 2, 3],
    pad: uneven,
    strides: 2,
  },
  { name: "a filter as large as the image", x: [2, 3, 4, 2], filter: [3, 4, 5], pad: "valid" },
  { name: "one channel in and out", x: [1, 5, 5, 1], filter: [3, 3, 1] },
  { name: "dilation 2", x: [2, 9, 8, 2], filter: [3, 3, 3], dilations: 2 },
  {
    name: "dilations 1 and 3, valid",
    x: [1, 5, 9, 2],
    filter: [2, 3, 3],
    dilations: [1, 3],
    pad: "valid",
  },
];

/** Channels that are multiples of every block size there is. */
const blocked: readonly Convolution[] = [
  { name: "16 channels to 16", x: [1, 5, 6, 16], filter: [3, 3, 16] },
  { name: "16 channels to 32, batch 3", x: [3, 5, 4, 16], filter: [3, 3, 32] },
  { name: "48 channels to 16", x: [2, 4, 5, 48], filter: [3, 3, 16] },
  { name: "32 channels, 1×1", x: [2, 4, 3, 32], filter: [1, 1, 32] },
  { name: "16 channels at stride 2", x: [2, 7, 6, 16], filter: [3, 3, 32], strides: 2 },
  {
    name: "16 channels at stride 2, padded evenly",
    x: [2, 8, 6, 16],
    filter: [3, 3, 16],
    strides: 2,
    pad: 1,
  },
  { name: "16 channels, valid", x: [1, 6, 5, 16], filter: [3, 3, 16], pad: "valid" },
  { name: "16 channels, 2×2: uneven padding", x: [1, 5, 4, 16], filter: [2, 2, 16] },
  {
    name: "16 channels, padding given for each side",
    x: [2, 5, 6, 16],
    filter: [3, 2, 16],
    pad: uneven,
  },
  { name: "16 channels, padding beyond the reach", x: [1, 4, 3, 16], filter: [1, 1, 16], pad: 1 },
  { name: "16 channels, dilation 2", x: [2, 7, 6, 16], filter: [3, 3, 16], dilations: 2 },
  { name: "16 channels to 24", x: [2, 4, 5, 16], filter: [3, 3, 24] },
  { name: "8 channels to 16", x: [2, 4, 5, 8], filter: [3, 3, 16] },
  { name: "20 channels to 16", x: [2, 4, 5, 20], filter: [3, 3, 16] },
];

// The longest sum has 9·48 terms near 1, and its rounding depends on the order.
const sums = { rtol: 1e-5, atol: 1e-5 };

function convolution(kernel: string, { name, x, filter, ...window }: Convolution): KernelCase {
  const { strides = 1, pad = "same", dilations = 1 } = window;
  const [kh, kw, o] = filter;
  return {
    kernel,
    name,
    inputs: [wave(x), wave([kh, kw, x[3], o], 0.61)],
    fn: (x: tf.Tensor4D, filter: tf.Tensor4D) =>
      tf.conv2d(x, filter, strides, pad, "NHWC", dilations),
    ...sums,
    ...(dilations !== 1 ? { noGradient: "TensorFlow.js has none for dilations" } : {}),
  };
}

type Layer = (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor) => tf.Tensor;

/** Convolutions with what stands around them in a network. */
const layers: Readonly<Record<string, Layer>> = {
  "a bias": (x, filter, bias) => tf.add(tf.conv2d(x, filter, 1, "same"), bias),
  "a bias on the left": (x, filter, bias) => tf.add(bias, tf.conv2d(x, filter, 1, "same")),
  "two biases": (x, filter, bias) => {
    const y = tf.conv2d(x, filter, 1, "same");
    return tf.mul(tf.add(tf.add(y, bias), bias), y);
  },
  "a bias at stride 2, then an activation": (x, filter, bias) =>
    tf.tanh(tf.add(tf.conv2d(x, filter, 2, 1), bias)),
  "a sum over the image": (x, filter, bias) =>
    tf.add(tf.sum(tf.conv2d(x, filter, 1, "same"), [1, 2]), bias),
  "a scale for each image and channel": (x, filter, bias) => {
    const y = tf.conv2d(x, filter, 1, "same");
    return tf.mul(y, tf.mul(tf.mean(y, [1, 2], true), bias));
  },
};

const layerRows = [3, 16].flatMap((channels) =>
  Object.entries(layers).map(([name, fn]): KernelCase => ({
    kernel: tf.Conv2D,
    name: `${channels} channels with ${name}`,
    inputs: [wave([2, 5, 6, channels]), wave([3, 3, channels, channels], 0.61), wave([channels])],
    fn,
    ...sums,
  }))
);

const gradients = [...plain, ...blocked].filter(({ dilations }) => dilations === undefined);

interface Depthwise {
  readonly name: string;
  readonly x: readonly [number, number, number, number];
  /** [kh, kw, filters for each channel] */
  readonly filter: readonly [number, number, number];
  readonly strides?: number;
  readonly pad?: Pad;
  readonly dilations?: number;
}

const depthwiseRows: readonly Depthwise[] = [
  { name: "3×3", x: [2, 5, 6, 3], filter: [3, 3, 1] },
  { name: "two filters for each channel", x: [2, 5, 6, 3], filter: [3, 2, 2] },
  { name: "stride 2, odd sizes", x: [1, 7, 5, 2], filter: [3, 3, 2], strides: 2 },
  { name: "valid, leaving a rest", x: [1, 8, 6, 2], filter: [3, 3, 1], strides: 2, pad: "valid" },
  { name: "padding beyond the reach", x: [1, 3, 4, 2], filter: [2, 2, 2], pad: 2 },
  { name: "dilation 2", x: [2, 7, 6, 2], filter: [3, 3, 2], dilations: 2 },
];

const depthwiseCases: KernelCase[] = [
  tf.DepthwiseConv2dNative,
  tf.DepthwiseConv2dNativeBackpropInput,
  tf.DepthwiseConv2dNativeBackpropFilter,
].flatMap((kernel) =>
  depthwiseRows.filter(({ dilations }) => kernel === tf.DepthwiseConv2dNative || !dilations)
    .map(({ name, x, filter: [kh, kw, m], strides = 1, pad = "same", dilations = 1 }) => ({
      kernel,
      name,
      inputs: [wave(x), wave([kh, kw, x[3], m], 0.61)],
      fn: (x: tf.Tensor4D, filter: tf.Tensor4D) =>
        tf.depthwiseConv2d(x, filter, strides, pad, "NHWC", dilations),
      ...sums,
      ...(dilations !== 1 ? { noGradient: "TensorFlow.js has none for dilations" } : {}),
    }))
);

export const convolutionCases: readonly KernelCase[] = [
  ...[...plain, ...blocked].map((testCase) => convolution(tf.Conv2D, testCase)),
  ...layerRows,
  ...gradients.slice(0, 2).map((testCase) => convolution(tf.Conv2DBackpropInput, testCase)),
  ...gradients.slice(0, 2).map((testCase) => convolution(tf.Conv2DBackpropFilter, testCase)),
  {
    kernel: tf.Conv2DBackpropInput,
    name: "a transposed convolution, with its own gradients",
    inputs: [wave([2, 4, 3, 5]), wave([3, 3, 2, 5], 0.61)],
    fn: (x: tf.Tensor4D, filter: tf.Tensor4D) =>
      tf.conv2dTranspose(x, filter, [2, 8, 6, 2], 2, "same"),
    ...sums,
  },
  {
    kernel: tf.Conv2DBackpropInput,
    name: "a transposed convolution of 16 channels at stride 1",
    inputs: [wave([2, 4, 3, 16]), wave([3, 3, 16, 16], 0.61)],
    fn: (x: tf.Tensor4D, filter: tf.Tensor4D) =>
      tf.conv2dTranspose(x, filter, [2, 4, 3, 16], 1, "same"),
    ...sums,
  },
  ...[1, 16].map((channels): KernelCase => ({
    kernel: tf.Conv2D,
    name: `${channels} channels before height and width`,
    inputs: [wave([2, channels, 5, 6]), wave([3, 2, channels, 16], 0.61)],
    fn: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.conv2d(x, filter, [1, 2], "same", "NCHW"),
    noGradient: "TensorFlow.js's cpu backend has none for images with channels first",
    reference: (x, filter) => {
      const last = tf.transpose(toTensor(x), [0, 2, 3, 1]) as tf.Tensor4D;
      const y = tf.conv2d(last, toTensor(filter) as tf.Tensor4D, [1, 2], "same");
      return [...tf.transpose(y, [0, 3, 1, 2]).dataSync()];
    },
    ...sums,
  })),
  ...depthwiseCases,
];
