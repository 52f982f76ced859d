/** The Fréchet distance between two sets of features, in float64. */
import { covariance, EigenvalueDecomposition, Matrix } from "ml-matrix";

/** Mean and covariance of a set of feature vectors. */
export interface Moments {
  readonly mean: readonly number[];
  /** Divided by count − 1. */
  readonly covariance: Matrix;
}

/** @param features Row-major [count, dimensions], of two rows at least. */
export function momentsOf(features: ArrayLike<number>, dimensions: number): Moments {
  const count = features.length / dimensions;
  if (!Number.isInteger(count) || count < 2) {
    throw new RangeError(
      `Internal: ${features.length} features are not two or more rows of ${dimensions}`,
    );
  }
  const rows = Matrix.from1DArray(count, dimensions, Array.from(features));
  return { mean: rows.mean("column"), covariance: covariance(rows) };
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
  const shift = first.mean.reduce((sum, mean, i) => sum + (mean - second.mean[i]!) ** 2, 0);
  const trace = first.covariance.trace() + second.covariance.trace();
  const { values, vectors } = symmetricEigen(first.covariance);
  const half = vectors.mulRowVector(values.map(rootOf));
  const between = half.transpose().mmul(second.covariance).mmul(half);
  const overlap = symmetricEigen(between).values.reduce((sum, value) => sum + rootOf(value), 0);
  // Rounding may leave less than nothing.
  return Math.max(0, shift + trace - 2 * overlap);
}

/** Of an eigenvalue that rounding may have made negative. */
function rootOf(eigenvalue: number): number {
  return Math.sqrt(Math.max(eigenvalue, 0));
}

/** Eigenvalues, and the eigenvectors that belong to them in columns. */
function symmetricEigen(matrix: Matrix): { values: number[]; vectors: Matrix } {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  return { values: realEigenvalues, vectors: eigenvectorMatrix };
}
