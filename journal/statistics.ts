/** Small-sample statistics for comparing groups of runs that differ in their seeds. */
import { criticalT } from "../experiments/mod.ts";

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
 * (unequal variances, Welch-Satterthwaite degrees of freedom).
 *
 * @returns null with a single run in either group, since its seed noise is then unknown.
 */
export function differenceNoise(a: Summary, b: Summary): number | null {
  if (a.sd === null || b.sd === null) return null;
  const [va, vb] = [a.sd ** 2 / a.n, b.sd ** 2 / b.n];
  if (va + vb === 0) return 0;
  const freedom = (va + vb) ** 2 / (va ** 2 / (a.n - 1) + vb ** 2 / (b.n - 1));
  return criticalT(freedom) * Math.sqrt(va + vb);
}

/** Half the width of the 95 % confidence interval of one mean; null for a single value. */
export function meanNoise(a: Summary): number | null {
  return a.sd === null ? null : criticalT(a.n - 1) * a.sd / Math.sqrt(a.n);
}
