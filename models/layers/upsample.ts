import { tf } from "../../engine/mod.ts";

/**
 * Doubles height and width by repeating pixels (nearest neighbour): [N, H, W, C] → [N, 2H, 2W, C].
 *
 * By reshape and tile, because the gradient of `resizeNearestNeighbor` is wrong on the tfjs cpu
 * backend for more than one image.
 */
export function doubleSize(x: tf.Tensor4D): tf.Tensor4D {
  const [n, height, width, channels] = x.shape;
  const columns = tf.tile(tf.reshape(x, [n * height, width, 1, channels]), [1, 1, 2, 1]);
  const rows = tf.tile(tf.reshape(columns, [n, height, 1, 2 * width * channels]), [1, 1, 2, 1]);
  return tf.reshape(rows, [n, 2 * height, 2 * width, channels]);
}
