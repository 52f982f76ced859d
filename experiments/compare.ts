/** Runs side by side: who leads, in what they differ, and whether that is more than seed noise. */
import { UserError } from "../engine/host/mod.ts";
import { align } from "./curves.ts";
import { seedNoiseVerdict } from "./seed_noise.ts";
import { describeRepeats, summarise, valuesBySeed } from "./seeds.ts";
import type {
  Comparison,
  ComparisonGroup,
  Curves,
  LeaderboardRow,
  MetricName,
  Run,
  Yardstick,
} from "./types.ts";
import { scoreOf, yardstickOf, YARDSTICKS } from "./yardstick.ts";

const OTHER_CURVES: readonly MetricName[] = ["validation_loss", "train_nats", "loss"];
const CURVE_POINTS = 50;

/**
 * Ranks runs by the newest value of their yardstick, the one measure that means the same under every
 * configuration.
 *
 * @param curvesOf All points of the named metrics of a run.
 * @throws {UserError} If some runs are on images and others on text.
 */
export function compareRuns(
  runs: readonly Run[],
  curvesOf: (runId: string, names: readonly MetricName[]) => Curves,
): Omit<Comparison, "evaluations" | "baselines"> {
  const yardstick = commonYardstick(runs);
  const names = [yardstick.metric, ...OTHER_CURVES];
  const differing = differingFields(runs);
  const ranked = runs.toSorted((a, b) => errorOf(a) - errorOf(b));
  const groups = groupRuns(ranked, differing);
  const curves = new Map(runs.map((run) => [run.id, curvesOf(run.id, names)]));
  const aligned = names.map((name) =>
    align(
      name,
      new Map(ranked.map((run) => [run.id, curves.get(run.id)?.[name] ?? []])),
      CURVE_POINTS,
    )
  );
  const trivial = new Set(runs.map((run) => run.trivialMse).filter((value) => value !== null));
  return {
    yardstick,
    leaderboard: ranked.map((run, i) => leaderboardRow(run, i + 1, differing)),
    differing,
    groups,
    curves: aligned.filter(({ steps }) => steps.length > 0),
    trivialMse: trivial.size === 1 ? [...trivial][0]! : null,
    verdict: seedNoiseVerdict(groups, yardstick.title),
    cautions: cautions(runs),
  };
}

function commonYardstick(runs: readonly Run[]): Yardstick {
  const yardsticks = [...new Set(runs.map(yardstickOf))];
  if (yardsticks.length > 1) {
    throw new UserError(
      "Runs on images and runs on text have no measure in common: compare those of one kind",
    );
  }
  return yardsticks[0] ?? YARDSTICKS.image;
}

function leaderboardRow(run: Run, rank: number, differing: readonly string[]): LeaderboardRow {
  return {
    rank,
    runId: run.id,
    status: run.status,
    step: run.step,
    label: run.label,
    score: scoreOf(run),
    validationLoss: run.latest.validation_loss ?? null,
    parameters: pick(run, differing),
  };
}

function errorOf(run: Run): number {
  return scoreOf(run) ?? Number.MAX_VALUE;
}

function differingFields(runs: readonly Run[]): string[] {
  const [first, ...rest] = runs;
  if (!first) return [];
  const value = ({ config }: Run, field: string) =>
    (config as Readonly<Record<string, unknown>>)[field];
  return [...new Set(runs.flatMap(({ config }) => Object.keys(config)))].filter((field) =>
    rest.some((run) => value(run, field) !== value(first, field))
  );
}

function pick(run: Run, names: readonly string[]): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(run.config).filter(([field]) => names.includes(field)),
  );
}

/** Runs that differ only in their seed (and how often they record), best mean first. */
function groupRuns(ranked: readonly Run[], differing: readonly string[]): ComparisonGroup[] {
  const members = Map.groupBy(ranked, (run) => run.groupHash);
  const telling = differing.filter((field) => field !== "seed" && !field.endsWith("_every"));
  return [...members]
    .map(([groupHash, runs]) => {
      const summary = summarise(valuesBySeed(runs, scoreOf).map(({ value }) => value));
      return {
        groupHash,
        parameters: pick(runs[0]!, telling),
        runIds: runs.map((run) => run.id),
        seeds: [...new Set(runs.map((run) => run.config.seed))],
        n: summary?.n ?? 0,
        mean: summary?.mean ?? null,
        sd: summary?.sd ?? null,
      };
    })
    .sort((a, b) => (a.mean ?? Infinity) - (b.mean ?? Infinity) || 0);
}

function cautions(runs: readonly Run[]): string[] {
  const result: string[] = [];
  const unfinished = runs.filter((run) => run.status !== "finished");
  if (unfinished.length > 0) {
    const list = unfinished.map((run) => `${run.id} is ${run.status} at step ${run.step}`);
    result.push(`Not all runs are finished, their errors may still fall: ${list.join(", ")}`);
  }
  result.push(...describeRepeats(runs));
  if (distinct(runs, (run) => run.datasetHash ?? run.config.dataset) > 1) {
    result.push("The runs were not trained on the same data: their errors are not comparable");
  }
  if (distinct(runs, (run) => run.steps * run.config.batch_size) > 1) {
    result.push("The runs were given different numbers of training examples (steps × batch_size)");
  }
  if (
    distinct(runs, ({ config }) => "vocabulary_size" in config ? config.vocabulary_size : 0) > 1
  ) {
    result.push(
      "The runs have different vocabularies: their nats per character are comparable, but windows " +
        "and blocks of one size do not have the same number of characters",
    );
  }
  if (distinct(runs, (run) => run.codeVersion) > 1) {
    result.push("The runs were trained by different versions of the code");
  }
  return result;
}

function distinct(runs: readonly Run[], key: (run: Run) => string | number): number {
  return new Set(runs.map(key)).size;
}
