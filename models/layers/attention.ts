import { tf } from "../../engine/mod.ts";

/**
 * Scaled dot-product attention (Vaswani et al. 2017, equation 1): softmax(q kᵀ/√width) v.
 *
 * @param q,k,v [..., length, width]; leading axes (examples, heads) are independent.
 * @param mask Added to the scores, broadcastable to [..., length, length]: 0 to see, a large negative
 * number to hide. No gradient goes into it.
 */
export function attention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  mask?: tf.Tensor,
): tf.Tensor {
  const scale = 1 / Math.sqrt(q.shape.at(-1)!);
  // With P the softmax and O = P V: dS = P ∘ (dP − rows(dO ∘ O)). The sums over a row of dP ∘ P are
  // those of dO ∘ O (Dao et al. 2022, "FlashAttention", appendix B.2), which is a fraction of the size.
  const withGradient = tf.customGrad((...args) => {
    const [q, k, v, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const scores = tf.mul(tf.matMul(q, k, false, true), scale);
    const weights = tf.softmax(mask ? tf.add(scores, mask) : scores);
    const value = tf.matMul(weights, v);
    save([q, k, v, weights, value]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [q, k, v, weights, value] = saved as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      const rows = tf.sum(tf.mul(dy, value), -1, true);
      const dScores = tf.mul(weights, tf.sub(tf.matMul(dy, v, false, true), rows));
      return [
        tf.mul(tf.matMul(dScores, k), scale),
        tf.mul(tf.matMul(dScores, q, true, false), scale),
        tf.matMul(weights, dy, true, false),
      ];
    };
    return { value, gradFunc };
  });
  return withGradient(q, k, v);
}

/** Cosines and sines that turn queries and keys by their position, [length, width/2] each. */
export interface Rotary {
  readonly cos: tf.Tensor;
  readonly sin: tf.Tensor;
}

/**
 * Rotary positions (Su et al. 2021, "RoFormer", section 3.2.2): position p turns pair i of a head by
 * the angle p / 10000^(2i/width). The product of a turned query and a turned key then depends on the
 * distance of their positions alone.
 *
 * @param positions Position of each slot.
 * @param width Of a head; even.
 * @returns Row-major [positions.length, width/2] on the host, to be made tensors or fed as inputs.
 */
export function rotaryTables(
  positions: ArrayLike<number>,
  width: number,
): { cos: Float32Array; sin: Float32Array } {
  const pairs = width / 2;
  const cos = new Float32Array(positions.length * pairs);
  const sin = new Float32Array(positions.length * pairs);
  for (let p = 0; p < positions.length; p++) {
    for (let i = 0; i < pairs; i++) {
      const angle = positions[p]! / 10000 ** (2 * i / width);
      cos[p * pairs + i] = Math.cos(angle);
      sin[p * pairs + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

/** The tables of positions 0, 1, … as constants of a function that is traced. */
export function rotaryConstants(length: number, width: number): Rotary {
  const { cos, sin } = rotaryTables(Array.from({ length }, (_, i) => i), width);
  const shape: [number, number] = [length, width / 2];
  return { cos: tf.tensor2d(cos, shape), sin: tf.tensor2d(sin, shape) };
}

/**
 * Turns every head of x [N, length, heads · headWidth]; pair i of a head is its elements i and
 * i + headWidth/2. The halves change places by a product with a matrix of 0, 1 and −1, which takes less
 * time than cutting them apart, and heads stay side by side, as they leave a product and enter the next.
 */
export function rotate(x: tf.Tensor, heads: number, { cos, sin }: Rotary): tf.Tensor {
  const headWidth = x.shape.at(-1)! / heads;
  const rows = tf.reshape(x, [-1, headWidth]) as tf.Tensor2D;
  const turned = tf.reshape(tf.matMul(rows, quarterTurn(headWidth)), x.shape);
  const everywhere = (table: tf.Tensor) => tf.tile(tf.concat([table, table], -1), [1, heads]);
  return tf.add(tf.mul(x, everywhere(cos)), tf.mul(turned, everywhere(sin)));
}

/** Maps (a, b) to (−b, a), halves a and b: [width, width]. */
function quarterTurn(width: number): tf.Tensor2D {
  const half = width / 2;
  const matrix = new Float32Array(width * width);
  for (let i = 0; i < half; i++) {
    matrix[(i + half) * width + i] = -1;
    matrix[i * width + i + half] = 1;
  }
  return tf.tensor2d(matrix, [width, width]);
}
