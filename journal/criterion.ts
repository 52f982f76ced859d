/**
 * What would confirm or refute a hypothesis, stated so that a program can decide it: a metric of
 * some of the entry's runs, below or above that of others or a fixed threshold.
 */
import { z } from "zod";
import { METRIC_NAMES, type Run } from "../experiments/mod.ts";
import { differenceNoise, meanNoise, summarise, type Summary } from "./statistics.ts";

/** Which of an entry's runs are meant: those that match everything that is given. */
export const Selection = z.strictObject({
  parameters: z.record(z.string().max(40), z.union([z.string().max(60), z.number()])).optional()
    .describe('Configuration fields and their values, e.g. {"schedule": "cosine"}'),
  label: z.string().max(200).optional().describe("The label the runs were started with"),
  runs: z.array(z.string().min(1).max(60)).min(1).max(100).optional().describe(
    "Ids of runs of this entry",
  ),
});
export type Selection = z.infer<typeof Selection>;

export const Criterion = z.strictObject({
  metric: z.enum(METRIC_NAMES).describe(
    "Stored metric whose newest value is compared; denoising_mse (lower is better) is comparable " +
      "between schedules and targets, validation_loss and loss are not",
  ),
  group: Selection.describe("The runs of which something is claimed"),
  relation: z.enum(["below", "above"]).describe("The claimed side"),
  against: Selection.optional().describe("The runs compared with; give this or threshold"),
  threshold: z.number().min(-1e9).max(1e9).optional().describe(
    "A fixed value compared with; give this or against",
  ),
  margin: z.number().min(0).max(1e9).optional().describe(
    "How much further than equal the claim reaches, in the metric's unit (default 0)",
  ),
});
export type Criterion = z.infer<typeof Criterion>;

export const VERDICTS = ["confirmed", "refuted", "inconclusive", "pending", "none"] as const;
export type VerdictWord = typeof VERDICTS[number];
export interface JournalVerdict {
  readonly verdict: VerdictWord;
  /** Why, with the numbers. */
  readonly reason: string;
}

/** The runs that match everything the selection names. */
export function selectRuns(runs: readonly Run[], selection: Selection): Run[] {
  return runs.filter((run) =>
    (selection.runs === undefined || selection.runs.includes(run.id)) &&
    (selection.label === undefined || run.label === selection.label) &&
    Object.entries(selection.parameters ?? {}).every(([field, value]) =>
      (run.config as Readonly<Record<string, unknown>>)[field] === value
    )
  );
}

/**
 * Decides a criterion from what the store holds. Only finished runs count: while a run that matters
 * is queued, running or interrupted the verdict is pending; a difference within the 95 % interval
 * that the seeds leave open is inconclusive.
 */
export function judge(criterion: Criterion | null, runs: readonly Run[]): JournalVerdict {
  if (criterion === null) {
    return { verdict: "none", reason: "No criterion was stated, so nothing can be decided" };
  }
  const groups = [criterion.group, ...(criterion.against ? [criterion.against] : [])]
    .map((selection) => ({
      name: describeSelection(selection),
      runs: selectRuns(runs, selection),
    }));
  const waiting = new Set(
    groups.flatMap((group) => group.runs.filter(isUnfinished)).map((run) => run.id),
  );
  if (waiting.size > 0) {
    return { verdict: "pending", reason: `Unfinished: ${[...waiting].join(", ")}` };
  }
  const summaries: Summary[] = [];
  for (const group of groups) {
    const values = measured(group.runs, criterion.metric);
    const summary = summarise(values);
    if (summary === null) {
      return group.runs.length === 0 && !runs.some((run) => run.status === "finished")
        ? { verdict: "pending", reason: `No run of this entry is ${group.name} yet` }
        : {
          verdict: "inconclusive",
          reason: `No finished run with a ${criterion.metric} is ${group.name}`,
        };
    }
    summaries.push(summary);
  }
  return decide(criterion, groups.map((group) => group.name), summaries);
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
  const noise = other ? differenceNoise(group, other) : meanNoise(group) ?? 0;
  const lead = (relation === "below" ? reference - group.mean : group.mean - reference) - margin;
  const facts = `${metric} is ${describe(group)} for ${names[0]}, against ${
    other ? `${describe(other)} for ${names[1]}` : `the threshold ${format(reference)}`
  }${margin > 0 ? ` with a margin of ${format(margin)}` : ""}`;
  if (noise === null) {
    return {
      verdict: "inconclusive",
      reason: `${facts}; with one seed in a group the seed noise is unknown: repeat with more`,
    };
  }
  const single = !other && group.n === 1 ? " (one run: nothing is known of other seeds)" : "";
  const interval = `the 95 % interval of the seed noise is ±${format(noise)}`;
  if (Math.abs(lead) <= noise) {
    return {
      verdict: "inconclusive",
      reason: `${facts}; the difference is within it: ${interval}`,
    };
  }
  return {
    verdict: lead > 0 ? "confirmed" : "refuted",
    reason: single === "" ? `${facts}; ${interval}` : `${facts}${single}`,
  };
}

/** One sentence that says what the criterion asks. */
export function describeCriterion(criterion: Criterion): string {
  const right = criterion.against
    ? `that of the runs that are ${describeSelection(criterion.against)}`
    : format(criterion.threshold ?? 0);
  const margin = criterion.margin ? ` by more than ${format(criterion.margin)}` : "";
  return `${criterion.metric} of the runs that are ${
    describeSelection(criterion.group)
  } is ${criterion.relation} ${right}${margin}`;
}

export function describeSelection(selection: Selection): string {
  const parts = Object.entries(selection.parameters ?? {}).map(([field, v]) => `${field} = ${v}`);
  if (selection.label !== undefined) parts.push(`labelled ${JSON.stringify(selection.label)}`);
  if (selection.runs !== undefined) parts.push(`among ${selection.runs.join(", ")}`);
  return parts.length === 0 ? "in this entry" : parts.join(" and ");
}

/** Four significant digits, without trailing zeros. */
export function format(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** "0.0432 ± 0.0011 (n = 3)". */
export function describe(summary: Summary): string {
  const spread = summary.sd === null ? "" : ` ± ${format(summary.sd)}`;
  return `${format(summary.mean)}${spread} (n = ${summary.n})`;
}

/** The newest values of a metric of the finished runs. */
export function measured(runs: readonly Run[], metric: Criterion["metric"]): number[] {
  return runs.filter((run) => run.status === "finished")
    .flatMap((run) => run.latest[metric] ?? []);
}

function isUnfinished(run: Run): boolean {
  return run.status === "queued" || run.status === "running" || run.status === "interrupted";
}
