/**
 * What would confirm or refute a hypothesis, stated so that a program can decide it: a metric of
 * some of the entry's runs, below or above that of others or a fixed threshold.
 */
import { z } from "zod";
import { fieldValues, METRIC_NAMES, type Summary } from "../experiments/mod.ts";

/** Which of an entry's runs are meant: those that match everything that is given. */
export const Selection = z.strictObject({
  parameters: fieldValues.optional()
    .describe('Configuration fields and their values, e.g. {"schedule": "cosine"}'),
  label: z.string().max(200).optional().describe("The label the runs were started with"),
  runs: z.array(z.string().min(1).max(60)).min(1).max(100).optional().describe(
    "Ids of runs of this entry; of a sweep, their other seeds count too",
  ),
});
export type Selection = z.infer<typeof Selection>;

export const Criterion = z.strictObject({
  metric: z.enum(METRIC_NAMES).describe(
    "Stored metric whose newest value is compared; denoising_mse (lower is better) is comparable " +
      "between schedules and targets, validation_loss and loss are not",
  ),
  group: Selection.describe("The runs of which something is claimed; a sweep is taken whole"),
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
