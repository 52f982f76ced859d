/**
 * What would confirm or refute a hypothesis, stated so that a program can decide it: a metric of
 * some of the entry's runs, below or above that of others or a fixed threshold.
 */
import { z } from "zod";
import { fieldValues, METRIC_NAMES, type seeds } from "../experiments/mod.ts";

/** Which of an entry's runs are meant: those that match everything that is given. */
export const Selection = z.strictObject({
  parameters: fieldValues.optional()
    .describe('Configuration fields and their values, e.g. {"schedule": "cosine"}'),
  label: z.string().max(200).optional().describe("Label that the runs were started with"),
  runs: z.array(z.string().min(1).max(60)).min(1).max(100).optional().describe(
    "Ids of runs of this entry; runs of the same sweep with other seeds are included",
  ),
});
export type Selection = z.infer<typeof Selection>;

export const Criterion = z.strictObject({
  metric: z.enum(METRIC_NAMES).describe(
    "Metric whose newest value is compared: denoising_mse or nats_per_character (lower is better); " +
      "loss and validation_loss do not compare between schedules or targets",
  ),
  group: Selection.describe(
    "The runs that the claim is about; of a sweep all runs with these parameters are used",
  ),
  relation: z.enum(["below", "above"]).describe(
    "Whether the metric of group is claimed to be below or above",
  ),
  against: Selection.optional().describe(
    "The runs that group is compared with; give this or threshold",
  ),
  threshold: z.number().min(-1e9).max(1e9).optional().describe(
    "A fixed value that group is compared with; give this or against",
  ),
  margin: z.number().min(0).max(1e9).optional().describe(
    "Smallest difference that the claim asserts, in the unit of the metric (default 0)",
  ),
});
export type Criterion = z.infer<typeof Criterion>;

/** One sentence that says what the criterion asks. */
export function describeCriterion(criterion: Criterion): string {
  const right = criterion.against
    ? `that of the runs ${describeSelection(criterion.against)}`
    : format(criterion.threshold ?? 0);
  const margin = criterion.margin ? ` by more than ${format(criterion.margin)}` : "";
  return `${criterion.metric} of the runs ${
    describeSelection(criterion.group)
  } is ${criterion.relation} ${right}${margin}`;
}

/** Describes the runs of a selection as what follows "runs": "with schedule = cosine". */
export function describeSelection(selection: Selection): string {
  const values = Object.entries(selection.parameters ?? {}).map(([field, v]) => `${field} = ${v}`);
  const parts = values.length === 0 ? [] : [`with ${values.join(" and ")}`];
  if (selection.label !== undefined) parts.push(`labelled ${JSON.stringify(selection.label)}`);
  if (selection.runs !== undefined) parts.push(`among ${selection.runs.join(", ")}`);
  return parts.length === 0 ? "in this entry" : parts.join(" and ");
}

/** Four significant digits, without trailing zeros. */
export function format(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** "0.0432 ± 0.0011 (n = 3)". */
export function describe(summary: seeds.Summary): string {
  const spread = summary.sd === null ? "" : ` ± ${format(summary.sd)}`;
  return `${format(summary.mean)}${spread} (n = ${summary.n})`;
}
