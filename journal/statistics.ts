/** Small-sample statistics for comparing groups of runs that differ in their seeds. */
import { criticalT, type Summary } from "../experiments/mod.ts";

/**
 * Half the width of the 95 % confidence interval of the difference of two means, by Welch's t
 * (unequal variances, Welch-Satterthwaite degrees of freedom).
 *
 * @returns null where the seed noise is unknown: with a single seed in either group, or without any
 * spread in both, which is no estimate of it.
 */
export function differenceNoise(a: Summary, b: Summary): number | null {
  if (a.sd === null || b.sd === null) return null;
  const [va, vb] = [a.sd ** 2 / a.n, b.sd ** 2 / b.n];
  if (va + vb === 0) return null;
  const freedom = (va + vb) ** 2 / (va ** 2 / (a.n - 1) + vb ** 2 / (b.n - 1));
  return criticalT(freedom) * Math.sqrt(va + vb);
}

/** Half the width of the 95 % confidence interval of one mean; null for a single value, or without
 * any spread. */
export function meanNoise(a: Summary): number | null {
  return a.sd === null || a.sd === 0 ? null : criticalT(a.n - 1) * a.sd / Math.sqrt(a.n);
}
