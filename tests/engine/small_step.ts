/** A training step small enough for every backend. */
import { type Arrays, normals, type Signature, tf } from "../../engine/mod.ts";

export const draw = (stream: string, count: number) => normals({ seed: 1, stream, step: 0 }, count);

/** A mean-squared error of two layers over a batch of six, with its gradients. */
export const inputs: Signature = {
  x: { shape: [6, 4], dtype: "float32" },
  labels: { shape: [6], dtype: "int32" },
  w: { shape: [4, 3], dtype: "float32" },
};
export const arrays = (): Arrays => ({
  x: draw("x", 24),
  labels: new Int32Array([0, 1, 2, 2, 1, 0]),
  w: draw("w", 12),
});
function loss({ x, labels, w }: Record<string, tf.Tensor>): tf.Scalar {
  const output = tf.softmax(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D));
  return tf.mean(tf.square(tf.sub(output, tf.oneHot(labels as tf.Tensor1D, 3))));
}
export function trainingStep(given: Record<string, tf.Tensor>): Record<string, tf.Tensor> {
  const { value, grads } = tf.valueAndGrads((w) => loss({ ...given, w: w! }))([given.w!]);
  return { loss: value, gradient: grads[0]! };
}
