/** Runs beside each other. */
import type { Evaluation, ImageEvaluation, TextEvaluation } from "../store/evaluations.ts";
import type { Curves, MetricName } from "../store/metrics.ts";
import type { Run, RunStatus } from "../store/run.ts";
import type { TextBaselines } from "../store/text_records.ts";
import { UserError } from "../../engine/host/mod.ts";
import { align, type AlignedCurve } from "./curves.ts";
import {
  type ComparisonGroup,
  describeRepeats,
  seedNoiseVerdict,
  summarise,
  valuesBySeed,
} from "./seeds.ts";
import { scoreOf, type Yardstick, yardstickOf, YARDSTICKS } from "../yardstick.ts";

export interface LeaderboardRow {
  readonly rank: number;
  readonly runId: string;
  readonly status: RunStatus;
  readonly step: number;
  readonly label: string | null;
  /** By the comparison's yardstick; null before the first validation. */
  readonly score: number | null;
  readonly validationLoss: number | null;
  /** The values of the differing parameters. */
  readonly parameters: Readonly<Record<string, string | number>>;
}
export interface Comparison {
  /** What the runs are ranked by. */
  readonly yardstick: Yardstick;
  /** Best first; runs without a score last. */
  readonly leaderboard: readonly LeaderboardRow[];
  /** Names of the parameters in which the runs differ. */
  readonly differing: readonly string[];
  /** Best first. */
  readonly groups: readonly ComparisonGroup[];
  readonly curves: readonly AlignedCurve[];
  /** The newest evaluation of each run that has one, in the leaderboard's order. */
  readonly evaluations: readonly Evaluation[];
  /** {@link Run.trivialMse}, where it is known and the same for all. */
  readonly trivialMse: number | null;
  /** What their text needs without a network; null where it is not the same, and for images. */
  readonly baselines: TextBaselines | null;
  /** Whether the best configuration's lead exceeds seed noise, in words. */
  readonly verdict: string;
  /** What makes these runs less than comparable (other data, unequal steps, still running). */
  readonly cautions: readonly string[];
}

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

/**
 * The newest evaluation of each run that has one.
 *
 * @param byRun The evaluations of each run, oldest first.
 * @returns Them, and in what they are not comparable.
 */
export function comparableEvaluations(
  byRun: readonly (readonly Evaluation[])[],
): { evaluations: Evaluation[]; cautions: string[] } {
  const evaluations = byRun.flatMap((list) => list.at(-1) ?? []);
  return {
    evaluations,
    cautions: [
      ...pictureCautions(evaluations.filter((e) => e.modality === "image")),
      ...textCautions(evaluations.filter((e) => e.modality === "text")),
    ],
  };
}

function pictureCautions(evaluations: readonly ImageEvaluation[]): string[] {
  return cautionsOf(evaluations, [
    [
      ({ settings, classifier, datasetHash }) => [settings.count, classifier, datasetHash],
      "The evaluations differ in count, classifier or data: their distances are not comparable",
    ],
    [
      ({ settings }) => [settings.sampler, settings.steps, settings.guidance_scale],
      "The evaluations differ in how the pictures were drawn, not only in the runs",
    ],
  ]);
}

function textCautions(evaluations: readonly TextEvaluation[]): string[] {
  return cautionsOf(evaluations, [
    [
      ({ datasetHash }) => datasetHash,
      "The evaluations are of different texts: their nats per character are not comparable",
    ],
    [
      ({ settings: { draws, writing } }) => [draws, writing.seed],
      "The evaluations differ in draws or seed: their bounds are of other windows or noise",
    ],
    [
      ({ settings: { writing } }) => [writing.count, writing.length],
      "The evaluations differ in the number or length of their texts, whose statistics depend on it",
    ],
    [
      ({ settings: { writing: { count: _, length: __, seed: ___, ...how } } }) => how,
      "The evaluations differ in how the texts were written, not only in the runs",
    ],
  ]);
}

/** The cautions whose key is not the same for all. */
function cautionsOf<E>(
  evaluations: readonly E[],
  keys: readonly (readonly [key: (evaluation: E) => unknown, caution: string])[],
): string[] {
  return keys.flatMap(([key, caution]) =>
    new Set(evaluations.map((evaluation) => JSON.stringify(key(evaluation)))).size > 1
      ? [caution]
      : []
  );
}
