/**
 * What runs with different seeds say about one experiment. Training is a function of configuration,
 * seed, data and device, so a run that repeats both configuration and seed is not another
 * observation: such runs count once, by the mean of their values.
 */
import { shortened } from "../../engine/host/mod.ts";
import { namesOfFieldsWith } from "../config/configuration.ts";
import type { Run } from "../store/run.ts";

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
function bySeed(runs: readonly Run[]): Run[][] {
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

/** Characters of ids in one sentence. */
const MOST_NAMED = 200;

/** Says which of the runs repeat a configuration and seed; one sentence for each, without an end. */
export function describeRepeats(runs: readonly Run[]): string[] {
  return bySeed(runs).filter((repeats) => repeats.length > 1).map((repeats) =>
    `${
      shortened(repeats.map((run) => run.id).join(", "), MOST_NAMED)
    } have one configuration and one seed ` +
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

/** The runs of a configuration with any seeds, in a comparison. */
export interface ComparisonGroup {
  readonly groupHash: string;
  /** The differing parameters, without the seed. */
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly runIds: readonly string[];
  /** Each once. */
  readonly seeds: readonly number[];
  /** Seeds with a score: runs that repeat one count once, by their mean. */
  readonly n: number;
  readonly mean: number | null;
  /** Sample standard deviation over the seeds; null below two seeds. */
  readonly sd: number | null;
}

/**
 * Groups runs that differ only in their seed and in what is recorded, best mean first.
 *
 * @param differing Names of the parameters in which the runs differ.
 */
export function groupRuns(
  ranked: readonly Run[],
  differing: readonly string[],
  scoreOf: (run: Run) => number | null,
): ComparisonGroup[] {
  const members = Map.groupBy(ranked, (run) => run.groupHash);
  const recording = namesOfFieldsWith("recording");
  const telling = differing.filter((field) => field !== "seed" && !recording.includes(field));
  return [...members]
    .map(([groupHash, runs]) => {
      const summary = summarise(valuesBySeed(runs, scoreOf).map(({ value }) => value));
      return {
        groupHash,
        parameters: parametersOf(runs[0]!, telling),
        runIds: runs.map((run) => run.id),
        seeds: [...new Set(runs.map((run) => run.config.seed))],
        n: summary?.n ?? 0,
        mean: summary?.mean ?? null,
        sd: summary?.sd ?? null,
      };
    })
    .sort((a, b) => (a.mean ?? Infinity) - (b.mean ?? Infinity) || 0);
}

/** Returns the values of some fields of the configuration of a run. */
export function parametersOf(run: Run, names: readonly string[]): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(run.config).filter(([field]) => names.includes(field)),
  );
}

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
// deno-fmt-ignore
const CRITICAL = [
  12.7062047, 4.3026527, 3.1824463, 2.7764451, 2.5705818, 2.4469119,
  2.3646243, 2.3060041, 2.2621572, 2.2281389, 2.2009852, 2.1788128,
  2.1603687, 2.1447867, 2.1314495, 2.1199053, 2.1098156, 2.1009220,
  2.0930241, 2.0859634, 2.0796138, 2.0738731, 2.0686576, 2.0638986,
  2.0595386, 2.0555294, 2.0518305, 2.0484071, 2.0452296, 2.0422725,
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
