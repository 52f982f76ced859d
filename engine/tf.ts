/**
 * The one TensorFlow.js namespace of the program: the core, its gradients, and the plain cpu backend.
 * A second copy of the core would have a registry of its own, so everything takes `tf` from here.
 *
 * The core's package holds the gradients in a form that only bundlers can load (ES modules without
 * file extensions). The bundle of `tfjs-layers` contains them and registers them, which is what it is
 * imported for; the union package does the same at four times the size. Methods of tensors, such as
 * `x.add(y)`, come with the union package alone: write `tf.add(x, y)`.
 */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";

// The greeting tfjs prints on a first tensor would otherwise land on an MCP server's stdout.
tf.env().set("PROD", true);

export { tf };

/**
 * The gradient of `tf.prod`: the derivative by one factor is the product of all others, which holds
 * where factors are zero too.
 *
 * TensorFlow.js's own calls methods of tensors (`x.reshape(…)`) that only its union package adds.
 */
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

tf.registerGradient({ kernelName: tf.Prod, inputsToSave: ["x"], gradFunc: productGradient });
