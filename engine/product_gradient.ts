import * as tf from "@tensorflow/tfjs-core";

/**
 * Registers the gradient of `tf.prod`: the derivative by one factor is the product of all others,
 * which holds where factors are zero too.
 *
 * TensorFlow.js's own calls methods of tensors (`x.reshape(…)`) that only its union package adds.
 */
export function registerProductGradient(): void {
  tf.registerGradient({ kernelName: tf.Prod, inputsToSave: ["x"], gradFunc: productGradient });
}

const productGradient: tf.GradFunc = (dy, saved, attributes) => {
  const [x] = saved as [tf.Tensor];
  const product = dy as tf.Tensor;
  const axes = tf.util.parseAxisParam(attributes.axis as number | number[], x.shape);
  const order = [...x.shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
  const factors = tf.util.sizeFromShape(axes.map((axis) => x.shape[axis]!));
  const rows = tf.reshape(tf.transpose(x, order), [-1, factors]);
  const others = tf.mul(tf.cumprod(rows, 1, true), tf.cumprod(rows, 1, true, true));
  const back = [...order.keys()].sort((a, b) => order[a]! - order[b]!);
  const ones = x.shape.map((extent, axis) => axes.includes(axis) ? 1 : extent);
  return {
    x: () =>
      tf.mul(
        tf.transpose(tf.reshape(others, order.map((axis) => x.shape[axis]!)), back),
        tf.reshape(product, ones),
      ),
  };
};
