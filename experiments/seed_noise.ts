/** Whether a lead means something, given how much runs with other seeds differ. */
import type { ComparisonGroup } from "./types.ts";

/** A group with an error that was measured more than once. */
interface Measured extends ComparisonGroup {
  readonly mean: number;
  readonly sd: number;
}

/**
 * Says in words whether the best group's lead over the second exceeds seed noise: Welch's t-test
 * (Welch 1947) on the means, two-sided at 5 %.
 *
 * @param groups Best first.
 * @param title Of what they are ranked by.
 */
export function seedNoiseVerdict(
  groups: readonly ComparisonGroup[],
  title = "denoising error",
): string {
  const ranked = groups.filter((group) => group.mean !== null);
  const [best, second] = ranked;
  if (!best) return `No run has a ${title} yet, so there is nothing to rank`;
  if (!second) {
    return groups.length > 1
      ? `Only ${nameOf(best)} has a ${title} so far`
      : `All runs share one configuration: ${spread(best)}`;
  }
  const lead = second.mean! - best.mean!;
  const share = second.mean === 0 ? "" : ` (${(100 * lead / second.mean!).toFixed(1)} %)`;
  const opening = `${nameOf(best)} leads ${nameOf(second)} by ${number(lead)}${share}`;
  if (!isMeasured(best) || !isMeasured(second)) {
    return `${opening}, but with one seed each there is no telling this from seed noise: ` +
      "run every configuration with the same 3 or more seeds";
  }
  if (best.sd === 0 && second.sd === 0) {
    return `${opening}, but in each the seeds gave exactly the same value (${spread(best)}, ` +
      `${
        spread(second)
      }), which leaves the seed noise unknown: look whether these runs depend on ` +
      "their seed at all";
  }
  const { t, threshold } = welch(best, second, lead);
  const numbers = `${spread(best)}, ${spread(second)}; t = ${t.toFixed(2)}, needed ${
    threshold.toFixed(2)
  }`;
  return t > threshold
    ? `${opening}, more than seed noise (${numbers})`
    : `${opening}, which is within seed noise (${numbers}): more seeds would tell`;
}

function isMeasured(group: ComparisonGroup): group is Measured {
  return group.sd !== null;
}

function welch(a: Measured, b: Measured, lead: number): { t: number; threshold: number } {
  const [va, vb] = [a.sd ** 2 / a.n, b.sd ** 2 / b.n];
  const freedom = (va + vb) ** 2 / (va ** 2 / (a.n - 1) + vb ** 2 / (b.n - 1));
  return { t: lead / Math.sqrt(va + vb), threshold: criticalT(freedom) };
}

/** The 97.5 % quantile of Student's t at the next lower tabulated degrees of freedom, which errs to
 * caution. */
export function criticalT(freedom: number): number {
  const row = Math.min(Math.floor(freedom), CRITICAL.length) - 1;
  return CRITICAL[row] ?? CRITICAL[0];
}

/** The 97.5 % quantiles of Student's t for 1, 2, … 30 degrees of freedom. */
const CRITICAL = [
  12.706,
  4.303,
  3.182,
  2.776,
  2.571,
  2.447,
  2.365,
  2.306,
  2.262,
  2.228,
  2.201,
  2.179,
  2.16,
  2.145,
  2.131,
  2.12,
  2.11,
  2.101,
  2.093,
  2.086,
  2.08,
  2.074,
  2.069,
  2.064,
  2.06,
  2.056,
  2.052,
  2.048,
  2.045,
  2.042,
] as const;

function nameOf(group: ComparisonGroup): string {
  const parameters = Object.entries(group.parameters);
  if (parameters.length === 0) return group.runIds.join(", ");
  return parameters.map(([field, value]) => `${field}=${value}`).join(" ");
}

function spread(group: ComparisonGroup): string {
  const deviation = group.sd === null ? "" : ` ± ${number(group.sd)}`;
  return `${number(group.mean!)}${deviation} over ${group.n} ${group.n === 1 ? "seed" : "seeds"}`;
}

function number(value: number): string {
  return value.toPrecision(3);
}
