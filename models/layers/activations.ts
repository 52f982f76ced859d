import { tf } from "../../engine/mod.ts";

/**
 * SiLU, x·sigmoid(x) (Hendrycks & Gimpel 2016; "swish").
 *
 * Its derivative is written from the output, s + y (1 − s) with s = sigmoid(x) and y = x s: two
 * passes over memory fewer than the product rule takes.
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
 * GELU, x·Φ(x) with Φ the normal distribution function (Hendrycks & Gimpel 2016), exact rather than
 * approximated. Its derivative is Φ(x) + x φ(x).
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
