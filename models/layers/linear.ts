import { tf } from "../../engine/mod.ts";
import { fanInUniform, type Init, type Scope, type Tensors, unitNormal } from "./parameters.ts";

/** A layer of one input: parameters of the whole network and its input, to its output. */
export type Layer<In extends tf.Tensor = tf.Tensor, Out extends tf.Tensor = In> = (
  parameters: Tensors,
  x: In,
) => Out;

/** How a layer's parameters start, by default as in PyTorch, and how they are trained. */
export interface LayerOptions {
  /** Starts weight and bias here instead, such as `zeros`. */
  readonly init?: Init | undefined;
  /** Starts the bias here, whatever the weight does. */
  readonly biasInit?: Init | undefined;
  /** Whether this is a hidden layer, whose weight Muon may train; see `ParameterSpec.hidden`. */
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
 * A learned vector for each class: indices [N] int32 → [N, width]. Weight [classes, width].
 *
 * A product with one-hot rows rather than a gather, whose gradient not every backend has.
 */
export function embedding(scope: Scope, classes: number, width: number): Layer {
  const weight = scope.declare("weight", [classes, width], unitNormal);
  return (p, indices) => {
    const rows = tf.oneHot(indices, classes, 1, 0, "float32") as tf.Tensor2D;
    return tf.matMul(rows, weight(p) as tf.Tensor2D);
  };
}
