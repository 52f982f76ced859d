/**
 * Eigenvalues and eigenvectors of a symmetric matrix, by Jacobi's rotations in cyclic order (Golub &
 * Van Loan, Matrix Computations, section 8.5). Ours because it is forty lines, nothing else here
 * needs linear algebra, and the method is accurate to rounding for the small, often singular
 * matrices it is used on.
 */

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
