/** The named inputs of the functions that an engine compiles, with N examples along the first axis. */
import { tf } from "../../engine/mod.ts";
import type { Tensors } from "../layers/mod.ts";

/**
 * One of a function's inputs.
 *
 * @throws {Error} If it is not there, naming those that are.
 */
export function input(inputs: Tensors, name: string): tf.Tensor {
  const tensor = inputs[name];
  if (!tensor) {
    throw new Error(`Input ${name} is missing: given are ${Object.keys(inputs).join(", ")}`);
  }
  return tensor;
}

/** The first examples: [N, …] → [rows, …]. */
export function firstRows(values: tf.Tensor, rows: number): tf.Tensor {
  return tf.slice(values, Array<number>(values.rank).fill(0), [rows, ...values.shape.slice(1)]);
}

/** [N] → [N, 1, …], to broadcast over the examples of `like`. */
export function perExample(values: tf.Tensor, like: tf.Tensor): tf.Tensor {
  return tf.reshape(values, [-1, ...Array<number>(like.rank - 1).fill(1)]);
}
