/**
 * The inverse of the unit normal distribution function, to a relative error of 1.2e-9 (the rational
 * approximation of Acklam 2003, "An algorithm for computing the inverse normal cumulative
 * distribution function").
 *
 * @param u In (0, 1).
 */
export function normalQuantile(u: number): number {
  if (u > 0.5) return -normalQuantile(1 - u);
  if (u < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(u));
    return polynomial(tailNumerator, q) / polynomial(tailDenominator, q);
  }
  const q = u - 0.5, r = q * q;
  return q * polynomial(centreNumerator, r) / polynomial(centreDenominator, r);
}

/** Coefficients, highest power first. */
// deno-fmt-ignore
const centreNumerator = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2,
  1.383577518672690e2, -3.066479806614716e1, 2.506628277459239,
];
// deno-fmt-ignore
const centreDenominator = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2,
  6.680131188771972e1, -1.328068155288572e1, 1,
];
// deno-fmt-ignore
const tailNumerator = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838,
  -2.549732539343734, 4.374664141464968, 2.938163982698783,
];
// deno-fmt-ignore
const tailDenominator = [
  7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1,
];

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((value, coefficient) => value * x + coefficient, 0);
}
