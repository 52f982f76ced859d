/** Fixed numbers for the cases. */
import { tf } from "../../../engine/mod.ts";

/** A tensor outside of any backend; booleans are int32 until a case casts them. */
export interface ArrayInput {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

export function specOf({ shape, data }: ArrayInput) {
  return { shape, dtype: data instanceof Float32Array ? "float32" : "int32" } as const;
}

export function toTensor({ shape, data }: ArrayInput): tf.Tensor {
  return tf.tensor(data, [...shape], data instanceof Float32Array ? "float32" : "int32");
}

/** The given floats. */
export function floats(values: readonly number[], shape: readonly number[] = [values.length]) {
  return { shape, data: Float32Array.from(values) };
}

/** The given integers. */
export function integers(values: readonly number[], shape: readonly number[] = [values.length]) {
  return { shape, data: Int32Array.from(values) };
}

/** Numbers between −1 and 1 that repeat nowhere; another frequency gives others. */
export function wave(shape: readonly number[], frequency = 0.37): ArrayInput {
  const size = tf.util.sizeFromShape([...shape]);
  return floats(Array.from({ length: size }, (_, i) => Math.sin(frequency * i + 1)), shape);
}

/** Numbers between low and high. */
export function between(low: number, high: number, shape: readonly number[], frequency = 0.37) {
  const { data } = wave(shape, frequency);
  return floats(Array.from(data, (x) => low + (high - low) * (x + 1) / 2), shape);
}

/** Numbers at least 2 apart, in no order. */
export function apart(shape: readonly number[]): ArrayInput {
  const size = tf.util.sizeFromShape([...shape]);
  // 7919 is a prime number that divides no size here.
  return floats(Array.from({ length: size }, (_, i) => 2 * (7919 * (i + 1) % size) - size), shape);
}

/** Whole numbers from low to high. */
export function whole(low: number, high: number, shape: readonly number[], frequency = 0.37) {
  const { data } = between(low, high + 1, shape, frequency);
  return integers(Array.from(data, (x) => Math.min(high, Math.floor(x))), shape);
}
