/** The verdict on a criterion, computed from what the store holds. */
import {
  describeRepeats,
  type Run,
  summarise,
  type Summary,
  valuesBySeed,
} from "../experiments/mod.ts";
import {
  type Criterion,
  describe,
  describeSelection,
  format,
  type Selection,
} from "./criterion.ts";
import { differenceNoise, meanNoise } from "./statistics.ts";

export const VERDICTS = ["confirmed", "refuted", "inconclusive", "pending", "none"] as const;
export type VerdictWord = typeof VERDICTS[number];
export interface JournalVerdict {
  readonly verdict: VerdictWord;
  /** Why, with the numbers. */
  readonly reason: string;
}

/** What is known beside the runs that an entry names. */
export interface Surroundings {
  /** The other runs of the sweeps that the named runs belong to: they are judged as well. */
  readonly siblings?: readonly Run[];
  /** Finished runs that are in neither: those of the judged configurations are named. */
  readonly elsewhere?: readonly Run[];
  /** Ids that the entry names and the store does not hold. */
  readonly missing?: readonly string[];
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

/**
 * Decides a criterion from what the store holds. Only finished runs count: while a run that matters
 * is queued, running or interrupted the verdict is pending; a difference within the 95 % interval
 * that the seeds leave open is inconclusive. Runs that repeat a configuration and seed count once.
 * The reason names the runs that count without being named by the entry, and those left out.
 *
 * @param runs The runs that the entry names.
 */
export function judge(
  criterion: Criterion | null,
  runs: readonly Run[],
  surroundings: Surroundings = {},
): JournalVerdict {
  if (criterion === null) {
    return { verdict: "none", reason: "No criterion was stated, so nothing can be decided" };
  }
  const sides = sidesOf(criterion, runs, surroundings.siblings);
  const judged = [...new Set(sides.flatMap((side) => side.runs))];
  const waiting = judged.filter(isUnfinished);
  if (waiting.length > 0) {
    return { verdict: "pending", reason: `Unfinished: ${listed(waiting.map(({ id }) => id))}` };
  }
  const { verdict, reason } = decideBetween(criterion, sides, runs);
  if (verdict === "pending") return { verdict, reason };
  const notes = notesOn(judged, runs, criterion.metric, surroundings);
  return { verdict, reason: [reason, ...notes].join("; ") };
}

function decideBetween(
  criterion: Criterion,
  sides: readonly Side[],
  named: readonly Run[],
): JournalVerdict {
  const summaries: Summary[] = [];
  for (const { name, runs } of sides) {
    const summary = summarise(measured(runs, criterion.metric));
    if (summary === null) {
      return runs.length === 0 && !named.some((run) => run.status === "finished")
        ? { verdict: "pending", reason: `No run of this entry is ${name} yet` }
        : {
          verdict: "inconclusive",
          reason: `No finished run with a ${criterion.metric} is ${name}`,
        };
    }
    summaries.push(summary);
  }
  return decide(criterion, sides.map((side) => side.name), summaries);
}

/** What a reader has to know of the choice of runs. */
function notesOn(
  judged: readonly Run[],
  named: readonly Run[],
  metric: Criterion["metric"],
  { siblings = [], elsewhere = [], missing = [] }: Surroundings,
): string[] {
  const counted = judged.filter((run) => isMeasured(run, metric));
  const joined = counted.filter((run) => siblings.includes(run)).map(({ id }) => id);
  const dropped = judged.filter((run) => !isMeasured(run, metric)).map((run) =>
    `${run.id} (${run.status === "finished" ? `no ${metric}` : run.status})`
  );
  const hashes = new Set(counted.map((run) => run.groupHash));
  const apart = [...elsewhere, ...siblings, ...named]
    .filter((run) => hashes.has(run.groupHash) && !judged.includes(run)).map(({ id }) => id);
  return [
    ...(joined.length > 0 ? [`counted too, being of the same sweep: ${listed(joined)}`] : []),
    ...(dropped.length > 0 ? [`left out: ${listed(dropped)}`] : []),
    ...(apart.length > 0
      ? [`left out, though of a configuration that was judged: ${listed(apart)}`]
      : []),
    ...(missing.length > 0 ? [`not in the store any more: ${listed(missing)}`] : []),
    ...describeRepeats(counted),
  ];
}

function decide(
  criterion: Criterion,
  names: readonly string[],
  summaries: readonly Summary[],
): JournalVerdict {
  const { metric, relation, margin = 0 } = criterion;
  const group = summaries[0]!;
  const other = summaries[1];
  const reference = other?.mean ?? criterion.threshold!;
  const lead = (relation === "below" ? reference - group.mean : group.mean - reference) - margin;
  const facts = `${metric} is ${describe(group)} for ${names[0]}, against ${
    other ? `${describe(other)} for ${names[1]}` : `the threshold ${format(reference)}`
  }${margin > 0 ? ` with a margin of ${format(margin)}` : ""}`;
  if (!other && group.n === 1) {
    const note = "one seed: nothing is known of other seeds";
    return lead === 0
      ? { verdict: "inconclusive", reason: `${facts} (${note})` }
      : { verdict: lead > 0 ? "confirmed" : "refuted", reason: `${facts} (${note})` };
  }
  const noise = other ? differenceNoise(group, other) : meanNoise(group);
  if (noise === null) {
    return {
      verdict: "inconclusive",
      reason: `${facts}; ${
        summaries.some(({ n }) => n === 1)
          ? "with one seed in a group the seed noise is unknown: repeat with more"
          : "the seeds gave exactly the same value, which leaves the seed noise unknown: look " +
            "whether these runs depend on their seed at all"
      }`,
    };
  }
  const interval = `the 95 % interval of the seed noise is ±${format(noise)}`;
  if (Math.abs(lead) <= noise) {
    return {
      verdict: "inconclusive",
      reason: `${facts}; the difference is within it: ${interval}`,
    };
  }
  return { verdict: lead > 0 ? "confirmed" : "refuted", reason: `${facts}; ${interval}` };
}

/** The newest values of a metric of the finished runs, one for each configuration and seed. */
export function measured(runs: readonly Run[], metric: Criterion["metric"]): number[] {
  return valuesBySeed(
    runs.filter((run) => isMeasured(run, metric)),
    (run) => run.latest[metric],
  ).map(({ value }) => value);
}

function isMeasured(run: Run, metric: Criterion["metric"]): boolean {
  return run.status === "finished" && run.latest[metric] !== undefined;
}

/** At most ten of them. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(", ");
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}

function isUnfinished(run: Run): boolean {
  return run.status === "queued" || run.status === "running" || run.status === "interrupted";
}
