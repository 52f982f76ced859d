/** Means, standard deviations and confidence intervals of a few values. */

/** Returns the arithmetic mean; NaN for no values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A mean with the sample standard deviation of the values, divided by their count − 1. */
export interface Spread {
  readonly mean: number;
  readonly sd: number;
}

/**
 * Returns the mean and the sample standard deviation. A deviation of the size of rounding errors, as equal values
 * have from their computed mean, is 0.
 *
 * @param values Two or more.
 */
export function spreadOf(values: readonly number[]): Spread {
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  const sd = Math.sqrt(squares / (values.length - 1));
  return { mean: center, sd: sd < ROUNDING * Math.abs(center) ? 0 : sd };
}

/** A bound of relative rounding errors in double precision. */
const ROUNDING = 1e-14;

/** Count, mean and sample standard deviation of independent observations. */
export interface Summary {
  readonly n: number;
  readonly mean: number;
  /** Null for a single observation. */
  readonly sd: number | null;
}

/** The standard error of a mean, or of a difference of means. */
interface StandardError {
  readonly error: number;
  /** Half the width of the two-sided 95 % confidence interval, in standard errors. */
  readonly critical: number;
}

/** Returns the standard error of a mean; null where a single value, or values without any spread, do not tell it. */
export function errorOfMean({ n, sd }: Summary): StandardError | null {
  return sd === null || sd === 0 ? null : { error: sd / Math.sqrt(n), critical: criticalT(n - 1) };
}

/**
 * Returns the standard error of the difference of two independent means by Welch's t-test (Welch 1947): unequal
 * variances, with the degrees of freedom of Welch and Satterthwaite.
 *
 * @returns Null where it is unknown: with a single value on either side, or without any spread on both.
 */
export function errorOfDifference(a: Summary, b: Summary): StandardError | null {
  if (a.sd === null || b.sd === null) return null;
  const [va, vb] = [a.sd ** 2 / a.n, b.sd ** 2 / b.n];
  if (va + vb === 0) return null;
  const freedom = (va + vb) ** 2 / (va ** 2 / (a.n - 1) + vb ** 2 / (b.n - 1));
  return { error: Math.sqrt(va + vb), critical: criticalT(freedom) };
}

/** Returns the 97.5 % quantile of Student's t at the next lower tabulated degrees of freedom, which errs to
 * caution. */
export function criticalT(freedom: number): number {
  const row = Math.min(Math.floor(freedom), CRITICAL.length) - 1;
  return CRITICAL[row] ?? CRITICAL[0];
}

/** The 97.5 % quantiles of Student's t for 1, 2, … 30 degrees of freedom. */
// deno-fmt-ignore
const CRITICAL = [
  12.7062047, 4.3026527, 3.1824463, 2.7764451, 2.5705818, 2.4469119,
  2.3646243, 2.3060041, 2.2621572, 2.2281389, 2.2009852, 2.1788128,
  2.1603687, 2.1447867, 2.1314495, 2.1199053, 2.1098156, 2.1009220,
  2.0930241, 2.0859634, 2.0796138, 2.0738731, 2.0686576, 2.0638986,
  2.0595386, 2.0555294, 2.0518305, 2.0484071, 2.0452296, 2.0422725,
] as const;
