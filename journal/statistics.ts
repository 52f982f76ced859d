/** Small-sample statistics for comparing groups of runs that differ in their seeds. */

/** Mean, sample standard deviation (null below two values) and count. */
export interface Summary {
  readonly n: number;
  readonly mean: number;
  readonly sd: number | null;
}

/** @returns null for no values. */
export function summarise(values: readonly number[]): Summary | null {
  const n = values.length;
  if (n === 0) return null;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  if (n === 1) return { n, mean, sd: null };
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1);
  return { n, mean, sd: Math.sqrt(variance) };
}

/**
 * Half the width of the 95 % confidence interval of the difference of two means, by Welch's t
 * (unequal variances, Welch-Satterthwaite degrees of freedom). With one run in one of the groups
 * the other's spread stands for both; with one run in each the noise is unknown.
 *
 * @returns null if it is unknown.
 */
export function differenceNoise(a: Summary, b: Summary): number | null {
  if (a.sd === null && b.sd === null) return null;
  if (a.sd === null || b.sd === null) {
    const known = a.sd === null ? b : a;
    return criticalT(known.n - 1) * known.sd! * Math.sqrt(1 / a.n + 1 / b.n);
  }
  const [va, vb] = [a.sd ** 2 / a.n, b.sd ** 2 / b.n];
  if (va + vb === 0) return 0;
  const degrees = (va + vb) ** 2 / (va ** 2 / (a.n - 1) + vb ** 2 / (b.n - 1));
  return criticalT(degrees) * Math.sqrt(va + vb);
}

/** Half the width of the 95 % confidence interval of one mean; null for a single value. */
export function meanNoise(a: Summary): number | null {
  return a.sd === null ? null : criticalT(a.n - 1) * a.sd / Math.sqrt(a.n);
}

/** Two-sided 5 % points of Student's t for 1 to 30 degrees of freedom. */
// deno-fmt-ignore
const CRITICAL_T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
  2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
  2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** The two-sided 5 % point at the next lower tabulated degrees of freedom, which errs to caution. */
function criticalT(degrees: number): number {
  const index = Math.min(CRITICAL_T.length, Math.max(1, Math.floor(degrees))) - 1;
  return CRITICAL_T[index]!;
}
