/** Tensor functions that the steps of images and of text share. */
import { tf } from "../../engine/mod.ts";
import type { Arithmetic } from "../diffusion/mod.ts";
import type { Tensors } from "../layers/mod.ts";
import { input, type Step } from "./step.ts";

/** Returns the first examples: [N, …] → [rows, …]. */
export function firstRows(values: tf.Tensor, rows: number): tf.Tensor {
  return tf.slice(values, Array<number>(values.rank).fill(0), [rows, ...values.shape.slice(1)]);
}

/** Reshapes [N] to [N, 1, …], to be broadcast over the examples of `like`. */
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

/**
 * Returns the outputs of a training step: `loss`, a scalar, and its gradient `grad/<name>` with respect to
 * each parameter.
 *
 * @param inputs Parameters and other inputs, by name.
 * @param loss A function of all inputs.
 */
export function lossAndGradients(
  parameters: Step["parameters"],
  inputs: Tensors,
  loss: (inputs: Tensors) => tf.Tensor,
): Record<string, tf.Tensor> {
  const names = parameters.map(({ name }) => name);
  const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
    const variables = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
    return loss({ ...inputs, ...variables }) as tf.Scalar;
  })(names.map((name) => input(inputs, name)));
  return {
    loss: value,
    ...Object.fromEntries(names.map((name, i) => [`grad/${name}`, grads[i]!])),
  };
}

/**
 * Returns the estimates x̂ that self-conditioned examples receive (Chen et al. 2023, "Analog Bits"): those
 * of the first ones of a batch, and 0 for the others.
 *
 * @param shape Shape of the estimates of the whole batch, [N, …].
 * @param share Share of the examples that are self-conditioned.
 * @param estimate Returns the estimates of the first `rows` examples.
 */
export function selfConditions(
  [count, ...shape]: readonly number[],
  share: number,
  estimate: (rows: number) => tf.Tensor,
): tf.Tensor {
  const rows = Math.round(share * count!);
  if (rows === 0) return tf.zeros([count!, ...shape]);
  const first = estimate(rows);
  return rows === count ? first : tf.concat([first, tf.zeros([count! - rows, ...shape])], 0);
}
