/** Comparison of runs. */
import type { Evaluation } from "../store/results.ts";
import type { Curves, MetricName, RankingMetric } from "../store/metrics.ts";
import { align, type AlignedCurve } from "./curves.ts";
import type { Run, RunStatus } from "../store/run.ts";
import type { Comparability, NgramBaselines } from "../run/modality.ts";
import { listed, UserError } from "../../engine/host/mod.ts";
import {
  type ComparisonGroup,
  describeRepeats,
  groupRuns,
  parametersOf,
  seedNoiseVerdict,
} from "./seeds.ts";
import {
  METRIC_NAMES,
  metricOf,
  METRICS,
  modalityNamed,
  modalityOf,
  scoreOf,
} from "../registry/modalities.ts";
import { isNoBetterThanBaseline } from "../diagnosis/curve.ts";
import { differingFields } from "../config/configuration.ts";

export interface LeaderboardRow {
  readonly rank: number;
  readonly runId: string;
  readonly status: RunStatus;
  readonly step: number;
  readonly label: string | null;
  /** Value of the metric of the comparison; null before the first validation. */
  readonly score: number | null;
  readonly validationLoss: number | null;
  /** The values of the differing parameters. */
  readonly parameters: Readonly<Record<string, string | number>>;
}
export interface Comparison {
  /** The metric that ranks the runs. */
  readonly metric: RankingMetric;
  /** Best first; runs without a score last. */
  readonly leaderboard: readonly LeaderboardRow[];
  /** Names of the parameters in which the runs differ. */
  readonly differing: readonly string[];
  /** Best first. */
  readonly groups: readonly ComparisonGroup[];
  readonly curves: readonly AlignedCurve[];
  /** The newest evaluation of each run that has one, in the leaderboard's order. */
  readonly evaluations: readonly Evaluation[];
  /** {@link Run.baseline}, where it is known and the same for all. */
  readonly baseline: number | null;
  /** N-gram baselines of the data; null if the runs have different data, and for images. */
  readonly baselines: NgramBaselines | null;
  /** Ids of runs that are not better than their baseline. */
  readonly nothingLearnt: readonly string[];
  /** Whether the lead of the best configuration exceeds the seed noise; or why a ranking is meaningless: no run is
   * better than its baseline, or the runs have different data. */
  readonly verdict: string;
  /** Limitations of the comparison, such as different data, different numbers of steps, or running runs. */
  readonly cautions: readonly string[];
}

const CURVE_POINTS = 50;

/**
 * Ranks runs by the newest value of their metric, which is comparable between all configurations.
 *
 * @param curvesOf Returns all points of metrics of a run.
 * @throws {UserError} If the runs have different modalities.
 */
export function compareRuns(
  runs: readonly Run[],
  curvesOf: (runId: string, names: readonly MetricName[]) => Curves,
): Omit<Comparison, "evaluations" | "baselines"> {
  const metric = commonMetric(runs);
  const names = [metric.name, ...METRIC_NAMES.filter((name) => METRICS[name]!.compared)];
  const differing = differingFields(runs.map(({ config }) => config));
  const ranked = runs.toSorted((a, b) => errorOf(a) - errorOf(b));
  const groups = groupRuns(ranked, differing, scoreOf);
  const curves = ranked.map((run) => [run.id, curvesOf(run.id, names)] as const);
  const aligned = names.map((name) =>
    align(name, new Map(curves.map(([id, of]) => [id, of[name] ?? []])), CURVE_POINTS)
  );
  const nothingLearnt = ranked.filter(hasLearntNothing);
  const trivial = new Set(runs.map((run) => run.baseline).filter((value) => value !== null));
  return {
    metric,
    leaderboard: ranked.map((run, i) => leaderboardRow(run, i + 1, differing)),
    differing,
    groups,
    curves: aligned.filter(({ steps }) => steps.length > 0),
    baseline: trivial.size === 1 ? [...trivial][0]! : null,
    nothingLearnt: nothingLearnt.map((run) => run.id),
    verdict: incomparable(ranked, nothingLearnt, metric) ??
      seedNoiseVerdict(groups, metric.title, unfinishedOf(runs)),
    cautions: cautions(runs, nothingLearnt),
  };
}

/** Returns the ids of runs that count although their training has not ended: no finished run repeats them. */
function unfinishedOf(runs: readonly Run[]): string[] {
  const keyOf = ({ groupHash, config }: Run) => `${groupHash} ${config.seed}`;
  const finished = new Set(runs.filter(({ status }) => status === "finished").map(keyOf));
  return runs.filter((run) => run.status !== "finished" && scoreOf(run) !== null)
    .filter((run) => !finished.has(keyOf(run)))
    .map(({ id }) => id);
}

/** Whether the ranking metric of a run is no better than that of a trivial model. */
export function hasLearntNothing(run: Run): boolean {
  return isNoBetterThanBaseline(run, modalityOf(run));
}

/** Returns why a ranking of these runs is meaningless, or undefined. */
function incomparable(
  runs: readonly Run[],
  nothingLearnt: readonly Run[],
  metric: RankingMetric,
): string | undefined {
  if (distinct(runs, dataOf(runs)) > 1) {
    const names = [...new Set(runs.map(({ config }) => config.dataset))];
    return names.length > 1
      ? `The runs were trained on different data (${
        names.slice(0, 5).join(", ")
      }), so that their ` +
        "errors do not compare: compare runs of one data set"
      : `The contents of ${names[0]} changed between these runs, so that their errors do not ` +
        "compare: compare runs of one data hash (inspect-run names it)";
  }
  const scored = runs.filter((run) => scoreOf(run) !== null);
  if (scored.length === 0 || nothingLearnt.length < scored.length) return undefined;
  const [best] = nothingLearnt;
  return `None of these runs has learnt anything: the best ${metric.title} is ` +
    `${scoreOf(best!)!.toPrecision(3)} (${best!.id}), and ${metric.baseline} is ` +
    `${
      best!.baseline!.toPrecision(3)
    }, so their ranking means nothing; train for more steps, or see the ` +
    "warnings that inspect-run gives for one of them";
}

/**
 * Returns a function that identifies the data of a run by its hash. If the hash is not known, as for a queued run,
 * by the hash of another run with a data set of the same name, or by the name.
 */
function dataOf(runs: readonly Run[]): (run: Run) => string {
  const hashes = new Map(
    runs.flatMap(({ datasetHash, config }) =>
      datasetHash === null ? [] : [[config.dataset, datasetHash] as const]
    ),
  );
  return ({ datasetHash, config }) => datasetHash ?? hashes.get(config.dataset) ?? config.dataset;
}

function commonMetric(runs: readonly Run[]): RankingMetric {
  const modalities = [...new Set(runs.map(modalityOf))];
  if (modalities.length !== 1) {
    const titles = modalities.map(({ title }) => `runs on ${title}`);
    throw new UserError(
      `${listed(titles)} have no metric in common: compare runs of one kind`,
    );
  }
  return modalities[0]!.metric;
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
    parameters: parametersOf(run, differing),
  };
}

function errorOf(run: Run): number {
  return scoreOf(run) ?? Number.MAX_VALUE;
}

function cautions(runs: readonly Run[], nothingLearnt: readonly Run[]): string[] {
  const result: string[] = [];
  const scored = runs.filter((run) => scoreOf(run) !== null);
  if (nothingLearnt.length > 0 && nothingLearnt.length < scored.length) {
    const { title, baseline } = metricOf(nothingLearnt[0]!);
    result.push(
      `The ${title} of ${named(nothingLearnt)} is no better than ${baseline}: nothing was learnt ` +
        "there, and the rank of such a run means nothing",
    );
  }
  const failed = runs.filter((run) => run.status === "failed");
  if (failed.length > 0) {
    result.push(
      `${
        named(failed)
      } failed: a configuration counts with the last value of such a run, or without ` +
        "it, and may look better than it is",
    );
  }
  const unfinished = runs.filter(({ status }) => status !== "finished" && status !== "failed");
  if (unfinished.length > 0) {
    const states = unfinished.map((run) => `${run.id} is ${run.status} at step ${run.step}`);
    result.push(
      `Not all runs are finished, their errors may still fall: ${listed(states, MOST_NAMED)}`,
    );
  }
  result.push(...describeRepeats(runs));
  if (distinct(runs, (run) => run.steps * run.config.batch_size) > 1) {
    result.push("The runs were given different numbers of training examples (steps × batch_size)");
  }
  result.push(
    ...[...Map.groupBy(runs, modalityOf)].flatMap(([modality, alike]) => modality.cautions(alike)),
  );
  if (distinct(runs, (run) => run.codeVersion) > 1) {
    result.push("The runs were trained by different versions of the code");
  }
  return result;
}

/** Largest number of runs that a sentence names. */
const MOST_NAMED = 5;

function named(runs: readonly Run[]): string {
  return listed(runs.map(({ id }) => id), MOST_NAMED);
}

function distinct(runs: readonly Run[], key: (run: Run) => string | number): number {
  return new Set(runs.map(key)).size;
}

/**
 * Returns the newest evaluation of each run that has one, and cautions about their comparability.
 *
 * @param byRun The evaluations of each run, oldest first.
 */
export function comparableEvaluations(
  byRun: readonly (readonly Evaluation[])[],
): { evaluations: Evaluation[]; cautions: string[] } {
  const evaluations = byRun.flatMap((list) => list.at(-1) ?? []);
  return {
    evaluations,
    cautions: [...Map.groupBy(evaluations, ({ modality }) => modality)]
      .flatMap(([name, alike]) => cautionsOf(alike, modalityNamed(name).comparability)),
  };
}

/** Returns a caution if evaluations are of older checkpoints than their runs have, and so not of what is ranked. */
export function agedEvaluations(
  evaluations: readonly Evaluation[],
  runs: readonly Run[],
): string[] {
  const aged = evaluations.flatMap(({ runId, step }) => {
    const newest = runs.find(({ id }) => id === runId)!.checkpointStep ?? step;
    return step < newest ? [`${runId} (step ${step}, now ${newest})`] : [];
  });
  return aged.length === 0 ? [] : [
    `Evaluations are of older checkpoints than the runs have by now: ${
      listed(aged, MOST_NAMED)
    }: evaluate these runs again`,
  ];
}

/** Returns the cautions of aspects in which the evaluations differ. */
function cautionsOf(evaluations: readonly Evaluation[], keys: Comparability<never>): string[] {
  return keys.flatMap(([key, caution]) =>
    new Set(evaluations.map((evaluation) => JSON.stringify(key(evaluation as never)))).size > 1
      ? [caution]
      : []
  );
}
