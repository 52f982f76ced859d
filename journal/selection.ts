/** Which runs a verdict rests on, and what shows that they were selected. */
import { listed } from "../engine/host/mod.ts";
import { type Run, seeds } from "../experiments/mod.ts";
import { type Criterion, describeSelection, type Selection } from "./criterion.ts";

/** What is known beside the runs that an entry names. */
export interface EntryContext {
  /** The other runs of the sweeps that the named runs belong to: they are judged as well. */
  readonly siblings?: readonly Run[];
  /** Runs of the judged configurations that are in neither, whatever their status. */
  readonly elsewhere?: readonly Run[];
  /** Ids that the entry names and the store does not hold. */
  readonly missing?: readonly string[];
  /** What has become of runs that an earlier verdict rested on, where they are not what they were. */
  readonly gone?: readonly string[];
  /** When the hypothesis was written, as an ISO 8601 string; without it nothing is said of that. */
  readonly date?: string;
}

/** One side of a criterion. */
export interface Side {
  /** The selection in words. */
  readonly name: string;
  readonly runs: readonly Run[];
}

/**
 * The runs on each side of a criterion: the group, and what it is compared with if that is not a
 * threshold. A sweep is taken whole. Where a selection names runs, the runs of the same sweep and
 * configuration with other seeds are meant too, so that none can be picked from a sweep.
 */
export function sidesOf(
  { group, against }: Criterion,
  runs: readonly Run[],
  siblings: readonly Run[] = [],
): Side[] {
  const all = [...runs, ...siblings];
  return [group, ...(against ? [against] : [])].map((selection) => ({
    name: describeSelection(selection),
    runs: selectRuns(all, selection),
  }));
}

function selectRuns(runs: readonly Run[], { runs: ids, label, parameters }: Selection): Run[] {
  const chosen = ids === undefined ? null : runs.filter(({ id }) => ids.includes(id));
  const isMeant = (run: Run) =>
    chosen === null || chosen.includes(run) ||
    chosen.some((one) =>
      one.sweepId !== null && one.sweepId === run.sweepId && one.groupHash === run.groupHash
    );
  return runs.filter((run) =>
    isMeant(run) &&
    (label === undefined || run.label === label) &&
    Object.entries(parameters ?? {}).every(([field, value]) =>
      (run.config as Readonly<Record<string, unknown>>)[field] === value
    )
  );
}

/** Whether a run counts: only finished runs do, and those that have a value of the metric. */
export function isMeasured(run: Run, metric: Criterion["metric"]): boolean {
  return run.status === "finished" && run.latest[metric] !== undefined;
}

/** Summarises the newest values of a metric of the finished runs over their seeds; null for no values. */
export function summaryOf(
  runs: readonly Run[],
  metric: Criterion["metric"],
): seeds.Summary | null {
  const finished = runs.filter((run) => isMeasured(run, metric));
  return seeds.summaryOverSeeds(finished, (run) => run.latest[metric]);
}

/** Whether a hypothesis was written before its runs, and so is a prediction. */
export interface Registration {
  /** `none` where no runs are named. */
  readonly when: "before" | "during" | "after" | "none";
  /** A sentence that says it, without its full stop. */
  readonly sentence: string;
}

/**
 * Says whether a hypothesis came before the results. Training is a function of configuration, seed
 * and data, so what a run will give is known once another run with its configuration and seed has
 * finished. Of a comparison, one side may be known beforehand.
 *
 * @param date When the hypothesis was written.
 * @param sides The runs on each side of the criterion; all runs as one side where there is none.
 * @param others Further runs that may have been finished before.
 */
export function registration(
  date: string,
  sides: readonly Side[],
  others: readonly Run[] = [],
): Registration {
  const all = [...new Set(sides.flatMap(({ runs }) => runs))];
  const written = `Written ${date}`;
  if (all.length === 0) {
    return { when: "none", sentence: `${written}, before any run was named` };
  }
  const of = `of ${all.length} ${all.length === 1 ? "run" : "runs"}`;
  const known = all.filter((run) => isKnown(date, run, [...all, ...others]));
  if (sides.every(({ runs }) => runs.some((run) => known.includes(run)))) {
    const again = known.some((run) => !isBefore(run.endedAt, date))
      ? ", or runs of the same configuration and seed before them,"
      : "";
    return {
      when: "after",
      sentence: `${written}, after ${known.length} ${of}${again} had finished: not a prediction`,
    };
  }
  if (known.length > 0) {
    const open = sides.find(({ runs }) => !runs.some((run) => known.includes(run)))!;
    return {
      when: open.runs.some((run) => isBefore(run.startedAt, date)) ? "during" : "before",
      sentence: `${written}, after ${known.length} ${of} had finished, none of them ${open.name}`,
    };
  }
  const started = all.filter((run) => isBefore(run.startedAt, date)).length;
  return started > 0
    ? {
      when: "during",
      sentence: `${written}, while ${started} ${of} had started and none had finished`,
    }
    : { when: "before", sentence: `${written}, before any ${of} had started` };
}

function isKnown(date: string, run: Run, others: readonly Run[]): boolean {
  return others.some((other) =>
    other.status === "finished" && other.groupHash === run.groupHash &&
    other.config.seed === run.config.seed && isBefore(other.endedAt, date)
  );
}

/**
 * What makes the judged runs a selection, one sentence without its full stop for each kind: judged
 * runs that do not count, runs of a judged configuration that are not judged, and runs that were
 * started when the criterion could be tested without them.
 *
 * An entry answers for all runs of its configurations up to the end of the last that it is judged on;
 * if it was written before these, only for those that were started since.
 */
export function signsOfSelection(
  { metric }: Criterion,
  sides: readonly Side[],
  named: readonly Run[],
  { siblings = [], elsewhere = [], date }: EntryContext,
): string[] {
  const judged = [...new Set(sides.flatMap(({ runs }) => runs))];
  const counted = judged.filter((run) => isMeasured(run, metric));
  // A run that repeats a counted one hides nothing, unless it came out otherwise.
  const repeats = (run: Run) =>
    counted.some((other) =>
      other.groupHash === run.groupHash && other.config.seed === run.config.seed &&
      (!isMeasured(run, metric) || other.latest[metric] === run.latest[metric])
    );
  const dropped = judged.filter((run) => !isMeasured(run, metric) && !repeats(run));
  const hashes = new Set(counted.map((run) => run.groupHash));
  const apart = [...siblings, ...named].filter((run) => !judged.includes(run));
  const end = latest(counted.map(({ endedAt }) => endedAt));
  const fromOutside = elsewhere.filter((run) => {
    const side = sides.find(({ runs }) => runs.some((one) => one.groupHash === run.groupHash));
    const predicted = date !== undefined && side !== undefined &&
      !side.runs.some((one) => isKnown(date, one, [...judged, ...elsewhere]));
    const since = predicted && isBefore(run.createdAt, date);
    return !since && isBefore(run.createdAt, latest([end, date ?? null]));
  });
  const left = [...apart, ...fromOutside]
    .filter((run) => hashes.has(run.groupHash) && !repeats(run));
  const late = counted.filter((run) => couldBeTestedWithout(run, metric, sides));
  return [
    ...(dropped.length > 0
      ? [`left out: ${listed(dropped.map((run) => `${run.id} (${whyNot(run, metric)})`))}`]
      : []),
    ...(left.length > 0
      ? [
        "left out, though of a configuration that was judged: " +
        listed(left.map((run) => run.status === "finished" ? run.id : `${run.id} (${run.status})`)),
      ]
      : []),
    ...(late.length > 0
      ? [
        `added when the criterion could be tested without them: ${
          listed(late.map(({ id }) => id))
        }`,
      ]
      : []),
  ];
}

/** Whether every side had other finished runs with two seeds when this run was queued. */
function couldBeTestedWithout(
  run: Run,
  metric: Criterion["metric"],
  sides: readonly Side[],
): boolean {
  return sides.every(({ runs }) => {
    const others = runs.filter((other) =>
      other !== run && isMeasured(other, metric) && isBefore(other.endedAt, run.createdAt)
    );
    return new Set(others.map(({ config }) => config.seed)).size >= 2;
  });
}

function whyNot({ status }: Run, metric: Criterion["metric"]): string {
  return status === "finished" ? `no ${metric}` : status;
}

function isBefore(time: string | null, limit: string | null): boolean {
  return time !== null && limit !== null && Date.parse(time) <= Date.parse(limit);
}

function latest(times: readonly (string | null)[]): string | null {
  return times.filter((time) => time !== null).sort().at(-1) ?? null;
}
