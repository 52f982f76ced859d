import { tf } from "../../engine/mod.ts";

/**
 * Doubles height and width by repeating pixels (nearest neighbour): [N, H, W, C] → [N, 2H, 2W, C].
 *
 * The gradient, a sum over each pixel's four copies, is written out because that of
 * `resizeNearestNeighbor` is wrong on the tfjs cpu backend for more than one image.
 */
export function doubleSize(x: tf.Tensor4D): tf.Tensor4D {
  return doubleSizeWithGradient(x) as tf.Tensor4D;
}

const doubleSizeWithGradient = tf.customGrad((input) => {
  const x = input as tf.Tensor4D;
  const [_n, height, width] = x.shape;
  return {
    value: tf.image.resizeNearestNeighbor(x, [2 * height, 2 * width]),
    gradFunc: (dy: tf.Tensor) => tf.mul(tf.avgPool(dy as tf.Tensor4D, 2, 2, "valid"), 4),
  };
});
