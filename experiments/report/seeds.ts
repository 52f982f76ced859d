/**
 * Statistics of runs over their seeds. Training is a function of configuration, seed, data and device, so a run that
 * repeats both configuration and seed is not another observation: such runs count once, by the mean of their values.
 */
import { listed, shortened } from "../../engine/host/mod.ts";
import { errorOfDifference, mean, spreadOf, type Summary } from "../common/statistics.ts";
import { namesOfFieldsWith } from "../config/configuration.ts";
import type { Run } from "../store/run.ts";

export { errorOfDifference, errorOfMean, type Summary } from "../common/statistics.ts";

/** Groups runs that share configuration (but for how often they record) and seed. */
function repeatsOf(runs: readonly Run[]): Run[][] {
  return [...Map.groupBy(runs, (run) => `${run.groupHash} ${run.config.seed}`).values()];
}

/**
 * Summarises a value of runs over their seeds. A seed is one observation, also where several configurations have it:
 * they are trained with the same batches and noise, so the spread between them is not that between seeds.
 *
 * @param valueOf The value of a run; runs without one are left out. Of repeats the furthest trained count.
 * @returns Null for no values.
 */
export function summaryOverSeeds(
  runs: readonly Run[],
  valueOf: (run: Run) => number | null | undefined,
): Summary | null {
  const values = repeatsOf(runs.filter((run) => valueOf(run) != null)).map((repeats) => {
    const furthest = Math.max(...repeats.map((run) => run.step));
    const of = repeats.filter((run) => run.step === furthest).map((run) => valueOf(run)!);
    return { seed: repeats[0]!.config.seed, value: meanOf(of) };
  });
  if (values.length === 0) return null;
  const bySeed = [...Map.groupBy(values, ({ seed }) => seed).values()]
    .map((of) => meanOf(of.map(({ value }) => value)));
  return {
    n: bySeed.length,
    // Every value weighs the same, so that a configuration does not weigh more for sharing its seeds with fewer.
    mean: meanOf(values.map(({ value }) => value)),
    sd: bySeed.length === 1 ? null : spreadOf(bySeed).sd,
  };
}

/** The mean, for equal values their value without rounding. */
function meanOf(values: readonly number[]): number {
  return values.every((value) => value === values[0]) ? values[0]! : mean(values);
}

/** Characters of ids in one sentence. */
const MOST_NAMED = 200;

/** Says which of the runs repeat a configuration and seed; one sentence for each, without an end. */
export function describeRepeats(runs: readonly Run[]): string[] {
  return repeatsOf(runs).filter((repeats) => repeats.length > 1).map((repeats) => {
    const alike = repeats.every(({ step }) => step === repeats[0]!.step);
    return `${
      shortened(repeats.map((run) => run.id).join(", "), MOST_NAMED)
    } have one configuration ` +
      `and one seed (${repeats[0]!.config.seed}): they count once, by ` +
      (alike ? "their mean" : "the furthest trained");
  });
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
      const summary = summaryOverSeeds(runs, scoreOf);
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

/** A group with a score. */
type Ranked = ComparisonGroup & Summary;

/**
 * Says in words whether the best group's lead over the second exceeds seed noise: Welch's t-test
 * (Welch 1947) on the means, two-sided at 5 %.
 *
 * @param groups Best first.
 * @param title Of what they are ranked by.
 * @param unfinished Ids of runs that count although their training has not ended.
 */
export function seedNoiseVerdict(
  groups: readonly ComparisonGroup[],
  title: string,
  unfinished: readonly string[],
): string {
  const ranked = groups.filter((group): group is Ranked => group.mean !== null);
  const [best, second] = ranked;
  if (!best) return `No run has a ${title} yet, so there is nothing to rank`;
  if (!second) {
    return groups.length > 1
      ? `Only ${nameOf(best)} has a ${title} so far`
      : `All runs share one configuration: ${spread(best)}`;
  }
  const lead = second.mean - best.mean;
  const share = second.mean === 0 ? "" : ` (${(100 * lead / second.mean).toFixed(1)} %)`;
  const opening = `${nameOf(best)} leads ${nameOf(second)} by ${number(lead)}${share}`;
  const young = [...best.runIds, ...second.runIds].filter((id) => unfinished.includes(id));
  if (young.length > 0) {
    return `${opening} so far, which decides nothing: ${listed(young, 5)} ` +
      `${young.length === 1 ? "is" : "are"} not trained to the end`;
  }
  const single = [best, second].filter(({ n }) => n === 1);
  if (single.length > 0) {
    const where = single.length === 2
      ? "with one seed each"
      : `with one seed of ${nameOf(single[0]!)}`;
    return `${opening}, but ${where} there is no telling this from seed noise: ` +
      "run every configuration with the same 3 or more seeds";
  }
  const noise = errorOfDifference(best, second);
  if (noise === null) {
    return `${opening}, but in each the seeds gave exactly the same value (${spread(best)}, ` +
      `${
        spread(second)
      }), which leaves the seed noise unknown: look whether these runs depend on ` +
      "their seed at all";
  }
  const t = lead / noise.error;
  const numbers = `${spread(best)}, ${spread(second)}; t = ${t.toFixed(2)}, needed ${
    noise.critical.toFixed(2)
  }`;
  return t > noise.critical
    ? `${opening}, more than seed noise (${numbers})`
    : `${opening}, which is within seed noise (${numbers}): more seeds would tell`;
}

function nameOf(group: ComparisonGroup): string {
  const parameters = Object.entries(group.parameters);
  if (parameters.length === 0) return group.runIds.join(", ");
  return parameters.map(([field, value]) => `${field}=${value}`).join(" ");
}

function spread(group: Ranked): string {
  const deviation = group.sd === null ? "" : ` ± ${number(group.sd)}`;
  return `${number(group.mean)}${deviation} over ${group.n} ${group.n === 1 ? "seed" : "seeds"}`;
}

function number(value: number): string {
  return value.toPrecision(3);
}
