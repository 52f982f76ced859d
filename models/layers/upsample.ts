import { tf } from "../../engine/mod.ts";

/**
 * Doubles height and width by repeating pixels (nearest neighbour): [N, H, W, C] → [N, 2H, 2W, C].
 *
 * With a gradient of its own, the sum over each pixel's four copies, because the one that tfjs has
 * for `resizeNearestNeighbor` is wrong on its cpu backend for more than one image.
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
