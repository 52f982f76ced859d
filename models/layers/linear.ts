/** Linear and convolutional layers, embeddings, and activations. */
import { tf } from "../../engine/mod.ts";
import { fanInUniform, type Init, type Scope, type Tensors, unitNormal } from "./parameters.ts";

/** A layer: a function of the parameters of the whole network and of its input. */
export type Layer<In extends tf.Tensor = tf.Tensor, Out extends tf.Tensor = In> = (
  parameters: Tensors,
  x: In,
) => Out;

/** Initialisation of a layer's parameters, by default as in PyTorch, and how they are trained. */
export interface LayerOptions {
  /** Initial value of weight and bias, such as `zeros`. */
  readonly init?: Init | undefined;
  /** Initial value of the bias; overrides `init`. */
  readonly biasInit?: Init | undefined;
  /** Whether this is a hidden layer, whose weight may be trained by Muon; see `ParameterSpec.hidden`. */
  readonly hidden?: boolean | undefined;
}

/** x W + b over the last axis: [..., inputs] → [..., outputs]. Weight [inputs, outputs]. */
export function linear(
  scope: Scope,
  inputs: number,
  outputs: number,
  options: LayerOptions = {},
): Layer {
  const init = options.init ?? fanInUniform(inputs);
  const weight = scope.declare("weight", [inputs, outputs], init, options.hidden);
  const bias = scope.declare("bias", [outputs], options.biasInit ?? init);
  return (p, x) => {
    const rows = tf.reshape(x, [-1, inputs]) as tf.Tensor2D;
    const y = tf.add(tf.matMul(rows, weight(p) as tf.Tensor2D), bias(p));
    return tf.reshape(y, [...x.shape.slice(0, -1), outputs]);
  };
}

/**
 * Embedding: indices [...] int32 → [..., width]. Weight [classes, width].
 *
 * It is computed as a product with one-hot rows, because not every backend has the gradient of a gather.
 */
export function embedding(scope: Scope, classes: number, width: number): Layer {
  const weight = scope.declare("weight", [classes, width], unitNormal);
  return (p, indices) => {
    const rows = tf.oneHot(tf.reshape(indices, [-1]), classes, 1, 0, "float32") as tf.Tensor2D;
    return tf.reshape(tf.matMul(rows, weight(p) as tf.Tensor2D), [...indices.shape, width]);
  };
}

/** Options of {@link conv2d}. */
export interface ConvOptions extends LayerOptions {
  /** Size of the square kernel, odd. By default 3. */
  readonly size?: number | undefined;
  /** By default 1. */
  readonly stride?: number | undefined;
}

/**
 * 2-D convolution, [N, H, W, inputs] → [N, ⌈H/stride⌉, ⌈W/stride⌉, outputs].
 * Weight [size, size, inputs, outputs].
 *
 * The input is zero-padded symmetrically, as in PyTorch. At stride 2 this differs from "same" padding,
 * which pads an even image on two sides only.
 */
export function conv2d(
  scope: Scope,
  inputs: number,
  outputs: number,
  options: ConvOptions = {},
): Layer<tf.Tensor4D> {
  const { size = 3, stride = 1 } = options;
  const init = options.init ?? fanInUniform(size * size * inputs);
  const shape = [size, size, inputs, outputs];
  const weight = scope.declare("weight", shape, init, options.hidden);
  const bias = scope.declare("bias", [outputs], init);
  const padding = (size - 1) / 2;
  return (p, x) => tf.add(tf.conv2d(x, weight(p) as tf.Tensor4D, stride, padding), bias(p));
}

/**
 * Nearest-neighbour upsampling by 2: [N, H, W, C] → [N, 2H, 2W, C].
 *
 * The gradient is defined here as the sum over each pixel's four copies, because that of tfjs for
 * `resizeNearestNeighbor` is wrong on its cpu backend for more than one image.
 */
export function doubleSize(x: tf.Tensor4D): tf.Tensor4D {
  return doubleWithGradient(x) as tf.Tensor4D;
}

const doubleWithGradient = tf.customGrad((input) => {
  const x = input as tf.Tensor4D;
  const [, height, width] = x.shape;
  return {
    value: tf.image.resizeNearestNeighbor(x, [2 * height, 2 * width]),
    gradFunc: (dy: tf.Tensor) => tf.mul(tf.avgPool(dy as tf.Tensor4D, 2, 2, "valid"), 4),
  };
});

/**
 * SiLU, x·sigmoid(x) (Hendrycks & Gimpel 2016; "swish").
 *
 * The derivative is computed from the output, s + y (1 − s) with s = sigmoid(x) and y = x s, which takes
 * two passes over memory fewer than the product rule.
 */
export function silu<T extends tf.Tensor>(x: T): T {
  return siluWithGradient(x) as T;
}

const siluWithGradient = tf.customGrad((input, saveArgument) => {
  const x = input as tf.Tensor, save = saveArgument as tf.GradSaveFunc;
  const s = tf.sigmoid(x);
  const y = tf.mul(x, s);
  save([s, y]);
  return {
    value: y,
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [s, y] = saved as [tf.Tensor, tf.Tensor];
      return tf.mul(dy, tf.add(s, tf.mul(y, tf.sub(1, s))));
    },
  };
});

/**
 * GELU, x·Φ(x) with Φ the cumulative distribution function of the normal distribution (Hendrycks &
 * Gimpel 2016), computed exactly. Its derivative is Φ(x) + x φ(x).
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  return geluWithGradient(x) as T;
}

const geluWithGradient = tf.customGrad((input, saveArgument) => {
  const x = input as tf.Tensor, save = saveArgument as tf.GradSaveFunc;
  const cdf = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
  save([x, cdf]);
  return {
    value: tf.mul(x, cdf),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [x, cdf] = saved as [tf.Tensor, tf.Tensor];
      const density = tf.mul(tf.exp(tf.mul(tf.mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return tf.mul(dy, tf.add(cdf, tf.mul(x, density)));
    },
  };
});

export interface ConditioningOptions {
  /** Number of sinusoidal features of the noise level. */
  readonly features: number;
  /** Width of the conditioning vector. */
  readonly width: number;
  /** Number of rows of the class embedding, including "no class". */
  readonly classes: number;
}

/** Embeds noise level and class in one conditioning vector: angle [N], labels [N] → [N, width]. */
export function conditioning(
  scope: Scope,
  { features, width, classes }: ConditioningOptions,
): (parameters: Tensors, angle: tf.Tensor, labels: tf.Tensor) => tf.Tensor {
  const linear1 = linear(scope.at("linear1"), features, width);
  const linear2 = linear(scope.at("linear2"), width, width);
  const classEmbedding = embedding(scope.at("class"), classes, width);
  return (p, angle, labels) => {
    const level = linear2(p, silu(linear1(p, sinusoids(angle, features))));
    return tf.add(level, classEmbedding(p, labels));
  };
}

/**
 * Returns sinusoidal features of 1000·angle at `width`/2 frequencies from 1 down to nearly 1/10000
 * (Vaswani et al. 2017, section 3.5; the factor 1000 matches the time steps of the papers):
 * [N] → [N, width].
 */
function sinusoids(angle: tf.Tensor, width: number): tf.Tensor {
  const half = width / 2;
  const frequencies = Array.from({ length: half }, (_, i) => 1000 * 10000 ** (-i / half));
  const phase = tf.mul(tf.reshape(angle, [-1, 1]), tf.tensor2d(frequencies, [1, half]));
  return tf.concat([tf.sin(phase), tf.cos(phase)], 1);
}
