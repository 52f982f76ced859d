/**
 * What runs with different seeds say about one experiment. Training is a function of configuration,
 * seed, data and device, so a run that repeats both configuration and seed is not another
 * observation: such runs count once, by the mean of their values.
 */
import type { Run } from "./types.ts";

/** The runs of one configuration and seed, and the value they have together. */
export interface SeedValue {
  readonly runs: readonly Run[];
  /** The mean over those of the runs that have a value and are the furthest trained. */
  readonly value: number;
}

/** Mean, sample standard deviation (null below two values) and count. */
export interface Summary {
  readonly n: number;
  readonly mean: number;
  readonly sd: number | null;
}

/** Groups of runs that share configuration (but for how often they record) and seed. */
export function bySeed(runs: readonly Run[]): Run[][] {
  return [...Map.groupBy(runs, (run) => `${run.groupHash} ${run.config.seed}`).values()];
}

/**
 * One value for each configuration and seed.
 *
 * @param valueOf The value of a run; runs without one are left out.
 */
export function valuesBySeed(
  runs: readonly Run[],
  valueOf: (run: Run) => number | null | undefined,
): SeedValue[] {
  const valued = runs.filter((run) => valueOf(run) != null);
  return bySeed(valued).map((repeats) => {
    const furthest = Math.max(...repeats.map((run) => run.step));
    const values = repeats.filter((run) => run.step === furthest).map((run) => valueOf(run)!);
    return { runs: repeats, value: summarise(values)!.mean };
  });
}

/** Says which of the runs repeat a configuration and seed; one sentence for each, without an end. */
export function describeRepeats(runs: readonly Run[]): string[] {
  return bySeed(runs).filter((repeats) => repeats.length > 1).map((repeats) =>
    `${repeats.map((run) => run.id).join(", ")} have one configuration and one seed ` +
    `(${repeats[0]!.config.seed}): they count once, by their mean`
  );
}

/** @returns null for no values. */
export function summarise(values: readonly number[]): Summary | null {
  const n = values.length;
  if (n === 0) return null;
  // Rounding in the mean would otherwise give equal values a spread, and so a false precision.
  if (values.every((value) => value === values[0])) {
    return { n, mean: values[0]!, sd: n === 1 ? null : 0 };
  }
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1);
  return { n, mean, sd: Math.sqrt(variance) };
}
