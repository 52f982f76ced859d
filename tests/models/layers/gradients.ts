import { tf } from "../../../engine/mod.ts";

/** A function's value and its gradients with respect to every argument, weighted by `dy`. */
export function valueAndGradients(
  fn: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly tf.Tensor[],
  dy: tf.Tensor,
): { value: Float32Array; gradients: Float32Array[] } {
  return tf.tidy(() => {
    const value = fn(...inputs).dataSync() as Float32Array;
    const gradients = tf.grads((...args: tf.Tensor[]) => tf.sum(tf.mul(fn(...args), dy)))([
      ...inputs,
    ]);
    return { value, gradients: gradients.map((tensor) => tensor.dataSync() as Float32Array) };
  });
}

/** A tensor of fixed numbers between −1 and 1 that repeat nowhere. */
export function wave(shape: number[], frequency = 0.37): tf.Tensor {
  const size = tf.util.sizeFromShape(shape);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(frequency * i + 1)),
    shape,
  );
}
