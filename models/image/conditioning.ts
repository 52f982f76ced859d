import { tf } from "../../engine/mod.ts";
import { embedding, linear, type Scope, silu, type Tensors } from "../layers/mod.ts";

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
