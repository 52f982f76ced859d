/** Which constants may be multiplied in another order than the author's. */

/** Whether a number is one of float32 at full precision: no zero, infinity, NaN, nor near zero. */
export function isNormal(value: number): boolean {
  const magnitude = Math.abs(Math.fround(value));
  return magnitude >= 2 ** -126 && magnitude < Infinity;
}

/**
 * Whether (x · a) · b may be computed as x · (a·b): neither hides an overflow of x · a, nor makes one.
 * An underflow of x · a is avoided, which gives the more exact result.
 */
export function joins(a: number, b: number): boolean {
  if (!isNormal(a) || !isNormal(b) || !isNormal(a * b)) return false;
  return Math.abs(a) <= 1 || Math.abs(b) >= 1;
}
