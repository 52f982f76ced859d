/** What the store holds for an entry, gathered so that no run can be picked from a sweep, and bound so
 * that no other run takes the place of one that is gone. */
import { listed, orUndefined } from "../engine/host/mod.ts";
import type { Lab, MetricName, Run } from "../experiments/mod.ts";
import type { EntryData } from "./body.ts";
import type { Evidence, FrontMatter } from "./entry.ts";
import { type EntryContext, isMeasured, type Side, sidesOf } from "./selection.ts";

/** Runs of one configuration outside of an entry's sweeps that are looked for. */
const MOST_ELSEWHERE = 100;

/** The runs that an entry names, those around them, and what its text is drawn from. */
export interface GatheredEvidence extends Required<EntryContext> {
  readonly named: readonly Run[];
  /** The sides of the criterion; without one, all runs as one side. */
  readonly sides: readonly Side[];
  readonly data: EntryData;
}

/** What of an entry says which runs it is about. */
type About = Pick<FrontMatter, "date" | "runs" | "criterion" | "evidence">;

/** Looks up the runs of an entry; one that is not in the store is no error. */
export function gatherEvidence(lab: Lab, about: About): GatheredEvidence {
  const { date, runs: ids, criterion, evidence = [] } = about;
  const { named, missing } = lookUp(lab, ids, evidence);
  const siblings = criterion ? siblingsOf(lab, named) : [];
  const sides = criterion
    ? sidesOf(criterion, named, siblings)
    : [{ name: "in this entry", runs: named }];
  const judged = criterion ? sides.flatMap(({ runs }) => runs) : [];
  const known = new Set([...named, ...siblings].map(({ id }) => id));
  const elsewhere = [...new Set(judged.map((run) => run.groupHash))]
    .flatMap((groupHash) => lab.runs({ groupHash, limit: MOST_ELSEWHERE }).runs)
    .filter(({ id }) => !known.has(id));
  const runs = [...new Set([...named, ...judged])];
  return {
    date,
    named,
    missing,
    siblings,
    elsewhere,
    sides,
    gone: criterion ? goneOf(lab, evidence, criterion.metric) : [],
    data: { runs, missing, alerts: alertsOf(lab, named) },
  };
}

/**
 * The evidence that an entry is bound to after its numbers were drawn: what it was bound to before, as
 * long as any of that is gone, and the runs that it was drawn from now.
 *
 * @param metric Of the criterion; without one no run counts for a verdict.
 */
export function boundEvidence(
  { data: { runs }, gone }: GatheredEvidence,
  before: readonly Evidence[],
  metric: MetricName | undefined,
): Evidence[] {
  const now = runs.map((run) => ({
    run: run.id,
    configuration: run.configHash,
    created: run.createdAt,
    ...(metric !== undefined && isMeasured(run, metric) ? { value: run.latest[metric]! } : {}),
  }));
  // Runs that are gone stay named, so that one which takes their id later is not taken for them.
  const kept = gone.length > 0
    ? before
    : before.filter(({ run }) => !runs.some((r) => r.id === run));
  return [...kept, ...now.filter(({ run }) => !kept.some((one) => one.run === run))];
}

/** The run that was meant; undefined if it is gone, or its id belongs to another run now. */
function runOf(lab: Lab, id: string, evidence: readonly Evidence[]): Run | undefined {
  const run = find(lab, id);
  const bound = evidence.find((one) => one.run === id);
  if (run === undefined || bound === undefined) return run;
  const same = bound.configuration === run.configHash &&
    (bound.created === undefined || bound.created === run.createdAt);
  return same ? run : undefined;
}

function find(lab: Lab, id: string): Run | undefined {
  const run = orUndefined(() => lab.run(id));
  // A beginning of another run's id would do for the laboratory.
  return run?.id === id ? run : undefined;
}

function lookUp(
  lab: Lab,
  ids: readonly string[],
  evidence: readonly Evidence[],
): { named: Run[]; missing: string[] } {
  const found = ids.map((id) => runOf(lab, id, evidence));
  return {
    named: found.filter((run) => run !== undefined),
    missing: ids.filter((_, i) => found[i] === undefined),
  };
}

/** What has become of runs that a verdict counted, where they are not what they were. */
function goneOf(lab: Lab, evidence: readonly Evidence[], metric: MetricName): string[] {
  const counted = evidence.filter(({ value, created }) => value !== undefined || !created);
  const fates = counted.flatMap((bound): { id: string; fate: string }[] => {
    const { run: id, value } = bound;
    const run = runOf(lab, id, evidence);
    if (run === undefined) {
      const isThere = find(lab, id) !== undefined;
      return [{ id, fate: isThere ? "now the id of another run" : "not in the store any more" }];
    }
    const now = isMeasured(run, metric) ? run.latest[metric] : undefined;
    if (value === undefined || now === value) return [];
    const is = now === undefined ? "without" : `with ${now} as its`;
    return [{ id, fate: `${is} ${metric}, which was ${value}` }];
  });
  return [...Map.groupBy(fates, ({ fate }) => fate)]
    .map(([fate, of]) => `${listed(of.map(({ id }) => id))} (${fate})`);
}

/** The other runs of the sweeps that the runs belong to. */
function siblingsOf(lab: Lab, named: readonly Run[]): Run[] {
  const sweeps = new Set(named.flatMap(({ sweepId }) => sweepId ?? []));
  const own = new Set(named.map(({ id }) => id));
  return [...sweeps]
    .flatMap((sweepId) => lab.runs({ sweepId, limit: 1000 }).runs.toReversed())
    .filter(({ id }) => !own.has(id));
}

function alertsOf(lab: Lab, runs: readonly Run[]): EntryData["alerts"] {
  return runs.flatMap((run) =>
    lab.inspect(run.id).alerts.filter((alert) => alert.level !== "info")
      .map(({ message }) => ({ runId: run.id, message }))
  );
}
