/** What steps do with their named inputs, which have N examples along the first axis. */
import { tf } from "../../engine/mod.ts";
import type { Arithmetic } from "../diffusion/mod.ts";
import type { Tensors } from "../layers/mod.ts";

/**
 * One of a function's inputs.
 *
 * @throws {Error} If it is not there, naming those that are.
 */
export function input(inputs: Tensors, name: string): tf.Tensor {
  const tensor = inputs[name];
  if (!tensor) {
    throw new Error(`Input ${name} is missing: given are ${Object.keys(inputs).join(", ")}`);
  }
  return tensor;
}

/** The first examples: [N, …] → [rows, …]. */
export function firstRows(values: tf.Tensor, rows: number): tf.Tensor {
  return tf.slice(values, Array<number>(values.rank).fill(0), [rows, ...values.shape.slice(1)]);
}

/** [N] → [N, 1, …], to broadcast over the examples of `like`. */
export function perExample(values: tf.Tensor, like: tf.Tensor): tf.Tensor {
  return tf.reshape(values, [-1, ...Array<number>(like.rank - 1).fill(1)]);
}

/**
 * The forward process at one noise level: z = α x + σ ε (Ho et al. 2020, equation 4).
 *
 * @param x Clean samples, [N, …].
 * @param eps Unit normal noise, like `x`.
 * @param alpha Signal amplitude of each example, broadcastable to `x`: [N, 1, …].
 * @param sigma Noise amplitude of each example, like `alpha`.
 */
export function diffuse(
  x: tf.Tensor,
  eps: tf.Tensor,
  alpha: tf.Tensor,
  sigma: tf.Tensor,
): tf.Tensor {
  return tf.add(tf.mul(x, alpha), tf.mul(eps, sigma));
}

/** The arithmetic of `models/diffusion` on tensors. */
export const tensorArithmetic: Arithmetic<tf.Tensor> = {
  add: (a, b) => tf.add(a, b),
  sub: (a, b) => tf.sub(a, b),
  mul: (a, b) => tf.mul(a, b),
  div: (a, b) => tf.div(a, b),
  square: (a) => tf.square(a),
  sqrt: (a) => tf.sqrt(a),
  meanPerExample: (a) => tf.mean(a, a.shape.slice(1).map((_, axis) => axis + 1), true),
};
