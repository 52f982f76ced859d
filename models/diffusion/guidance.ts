import type { tf } from "../../engine/mod.ts";

/**
 * Classifier-free guidance (Ho & Salimans 2022, equation 6, with their w = g − 1):
 * unconditional + g · (conditional − unconditional).
 *
 * At a fixed z the targets are affine maps of each other, so it makes no difference whether this is
 * applied to ε̂, to v̂ or to x̂.
 *
 * @param guidanceScale g: 0 is unconditional, 1 plainly conditional, above 1 exaggerated.
 */
export function guide(
  conditional: tf.Tensor,
  unconditional: tf.Tensor,
  guidanceScale: number | tf.Tensor,
): tf.Tensor {
  return unconditional.add(conditional.sub(unconditional).mul(guidanceScale));
}
