/** What the store holds for an entry, gathered so that no run can be picked from a sweep. */
import { UserError } from "../engine/host/mod.ts";
import type { Lab, Run } from "../experiments/mod.ts";
import type { Evidence } from "./body.ts";
import type { FrontMatter } from "./entry.ts";
import { sidesOf, type Surroundings } from "./judge.ts";

/** Runs of one configuration outside of an entry's sweeps that are looked for. */
const MOST_ELSEWHERE = 100;

/** The runs that an entry names, those around them, and what its text is drawn from. */
export interface Gathered extends Required<Surroundings> {
  readonly named: readonly Run[];
  readonly evidence: Evidence;
}

/** Looks up the runs of an entry; one that is not in the store is no error. */
export function gathered(
  lab: Lab,
  { runs: ids, criterion }: Pick<FrontMatter, "runs" | "criterion">,
): Gathered {
  const { named, missing } = lookUp(lab, ids);
  const siblings = criterion ? siblingsOf(lab, named) : [];
  const judged = criterion ? sidesOf(criterion, named, siblings).flatMap(({ runs }) => runs) : [];
  const known = new Set([...named, ...siblings].map(({ id }) => id));
  const elsewhere = [...new Set(judged.map((run) => run.groupHash))]
    .flatMap((groupHash) => lab.runs({ groupHash, status: "finished", limit: MOST_ELSEWHERE }).runs)
    .filter(({ id }) => !known.has(id));
  const runs = [...new Set([...named, ...judged])];
  return {
    named,
    missing,
    siblings,
    elsewhere,
    evidence: { runs, missing, alerts: alertsOf(lab, named) },
  };
}

function lookUp(lab: Lab, ids: readonly string[]): { named: Run[]; missing: string[] } {
  const named: Run[] = [];
  const missing: string[] = [];
  for (const id of ids) {
    try {
      named.push(lab.run(id));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      missing.push(id);
    }
  }
  return { named, missing };
}

/** The other runs of the sweeps that the runs belong to. */
function siblingsOf(lab: Lab, named: readonly Run[]): Run[] {
  const sweeps = new Set(named.flatMap(({ sweepId }) => sweepId ?? []));
  const own = new Set(named.map(({ id }) => id));
  return [...sweeps]
    .flatMap((sweepId) => lab.runs({ sweepId, limit: 1000 }).runs.toReversed())
    .filter(({ id }) => !own.has(id));
}

function alertsOf(lab: Lab, runs: readonly Run[]): Evidence["alerts"] {
  return runs.flatMap((run) =>
    lab.inspect(run.id).alerts.filter((alert) => alert.level !== "info")
      .map(({ message }) => ({ runId: run.id, message }))
  );
}
