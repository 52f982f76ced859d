/** The Fréchet distance between two sets of features, in float64. */
import { symmetricEigen } from "./eigen.ts";

/** Mean and covariance of a set of feature vectors. */
export interface Moments {
  readonly dimensions: number;
  readonly count: number;
  readonly mean: Float64Array;
  /** Row-major [dimensions, dimensions], divided by count − 1. */
  readonly covariance: Float64Array;
}

/** @param features Row-major [count, dimensions], of two rows at least. */
export function momentsOf(features: ArrayLike<number>, dimensions: number): Moments {
  const d = dimensions, count = features.length / d;
  if (!Number.isInteger(count) || count < 2) {
    throw new RangeError(`Internal: ${features.length} features are not two or more rows of ${d}`);
  }
  const mean = new Float64Array(d);
  for (let k = 0; k < features.length; k++) mean[k % d] = mean[k % d]! + features[k]! / count;
  const covariance = new Float64Array(d * d);
  const centred = new Float64Array(d);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < d; i++) centred[i] = features[row * d + i]! - mean[i]!;
    for (let i = 0; i < d; i++) {
      const a = centred[i]! / (count - 1);
      for (let j = 0; j <= i; j++) covariance[i * d + j] = covariance[i * d + j]! + a * centred[j]!;
    }
  }
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < i; j++) covariance[j * d + i] = covariance[i * d + j]!;
  }
  return { dimensions, count, mean, covariance };
}

/**
 * |m₁ − m₂|² + tr(C₁ + C₂ − 2 (C₁C₂)^½), the squared 2-Wasserstein distance of two normal
 * distributions with these moments (Dowson & Landau 1982; Heusel et al. 2017 for images).
 *
 * C₁C₂ has the eigenvalues of C₁^½ C₂ C₁^½, which is symmetric: two symmetric decompositions, also
 * where covariances are singular. Unit: features squared. Lower is better, 0 is least. It is biased
 * upwards by the finite count, and so comparable only at the same count and in the same features.
 */
export function frechetDistance(first: Moments, second: Moments): number {
  const d = first.dimensions;
  let shift = 0, trace = 0;
  for (let i = 0; i < d; i++) {
    shift += (first.mean[i]! - second.mean[i]!) ** 2;
    trace += first.covariance[i * d + i]! + second.covariance[i * d + i]!;
  }
  const { values, vectors } = symmetricEigen(first.covariance, d);
  const rotated = product(transposed(vectors, d), product(second.covariance, vectors, d), d);
  const root = values.map((value) => Math.sqrt(Math.max(value, 0)));
  const between = rotated.map((value, k) => value * root[Math.floor(k / d)]! * root[k % d]!);
  const overlap = symmetricEigen(between, d).values
    .reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0);
  // Rounding may leave less than nothing.
  return Math.max(0, shift + trace - 2 * overlap);
}

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k]!;
      for (let j = 0; j < n; j++) result[i * n + j] = result[i * n + j]! + factor * b[k * n + j]!;
    }
  }
  return result;
}

function transposed(a: Float64Array, n: number): Float64Array {
  return a.map((_, k) => a[(k % n) * n + Math.floor(k / n)]!);
}
