/** The Fréchet distance between two sets of features, in float64. */
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

export interface Eigen {
  readonly values: Float64Array;
  /** Row-major [n, n]; column j belongs to value j. */
  readonly vectors: Float64Array;
}

const MOST_SWEEPS = 50;

/** @param matrix Row-major [n, n], symmetric. */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const a = matrix.slice();
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  const norm = a.reduce((sum, value) => sum + value * value, 0);
  for (let sweep = 0; offDiagonal(a, n) > 1e-28 * norm; sweep++) {
    if (sweep === MOST_SWEEPS) throw new Error("Internal: Jacobi's method did not converge");
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) rotate(a, vectors, n, p, q);
    }
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]!), vectors };
}

/** Sum of squares beside the diagonal. */
function offDiagonal(a: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) if (i !== j) sum += a[i * n + j]! ** 2;
  }
  return sum;
}

/** A ← Jᵀ A J and V ← V J with the rotation J in the plane (p, q) that makes a_pq zero. */
function rotate(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q]!;
  if (apq === 0) return;
  const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * apq);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1), s = t * c;
  for (let k = 0; k < n; k++) turn(a, k * n + p, k * n + q, c, s);
  for (let k = 0; k < n; k++) turn(a, p * n + k, q * n + k, c, s);
  for (let k = 0; k < n; k++) turn(vectors, k * n + p, k * n + q, c, s);
}

function turn(values: Float64Array, i: number, j: number, c: number, s: number): void {
  const x = values[i]!, y = values[j]!;
  values[i] = c * x - s * y;
  values[j] = s * x + c * y;
}
