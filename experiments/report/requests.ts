/** Requests for reports on runs, comparisons and noise schedules. */
import { z } from "zod";
import {
  defaulted,
  fieldValues,
  integer,
  optional,
  runReference,
  sweepReference,
} from "../config/fields.ts";
import { METRIC_NAMES } from "../registry/modalities.ts";
import { RUN_STATUSES } from "../store/run.ts";
import { inspectedSchedules } from "./schedule_sources.ts";
import { imageDatasetNames } from "../../data/mod.ts";

/** Limits of tables. */
const tableFields = {
  points: defaulted(integer(2, 20), "Rows of the table of curves", 12),
  limit: defaulted(integer(1, 20), "Rows", 20),
  offset: defaulted(integer(0, 1_000_000), "Rows to skip", 0),
};

export const InspectRequest = z.strictObject({
  run: runReference.optional().describe(
    'A run id, a unique beginning of one, "latest", "best" (or "best:mnist"); a sweep, to list its ' +
      "runs; or a job such as job-0003 (default: list all runs)",
  ),
  jobs: defaulted(
    z.boolean(),
    "List the jobs of sample and evaluate",
    false,
  ),
  sweep: sweepReference.optional().describe(
    "List the runs of this sweep, e.g. sweep-0003 (default all)",
  ),
  status: optional(z.enum(RUN_STATUSES), "List runs of this status", "all"),
  text: z.string().min(1).max(200).optional().describe(
    "List runs with these words in id, label, error or configuration (default any)",
  ),
  tag: z.string().min(1).max(30).optional().describe(
    "List runs with #tag in their label or this tag in the journal (default any)",
  ),
  date: z.string().regex(/^\d{4}(-\d\d){0,2}(\.\.\d{4}(-\d\d){0,2})?$/).optional().describe(
    "List runs of a day (UTC), a month, or 2026-11-02..2026-11-09 (default any)",
  ),
  where: fieldValues.optional().describe(
    'List runs with these values, e.g. {"dataset": "mnist", "target": "v"} (default any)',
  ),
  sweeps: defaulted(z.boolean(), "List the sweeps of these runs", false),
  metrics: z.array(z.enum(METRIC_NAMES)).min(1).max(METRIC_NAMES.length).optional().describe(
    "Curves to return with run, e.g. validation_loss, gradient_norm, frechet (default loss and what " +
      "the run is ranked by)",
  ),
  ...tableFields,
});

export const CompareRequest = z.strictObject({
  runs: z.array(runReference).min(1).max(100).optional().describe(
    'Ids (or unique beginnings, "latest", "best", sweeps) of 2 to 100 runs; give this or sweep',
  ),
  sweep: sweepReference.optional().describe(
    "All runs of a sweep, e.g. sweep-0003; give this or runs",
  ),
  metrics: z.array(z.enum(METRIC_NAMES)).max(3).optional().describe(
    "Curves to align, 0 to 3 names as in inspect-run (default what the runs are ranked by)",
  ),
  ...tableFields,
});

export const DEFAULT_SCHEDULES = ["linear", "cosine"];

export const ScheduleRequest = z.strictObject({
  schedules: z.array(z.enum(inspectedSchedules)).min(1).max(inspectedSchedules.length)
    .default(DEFAULT_SCHEDULES).describe(
      `Schedules to look at (default ${DEFAULT_SCHEDULES.join(" and ")})`,
    ),
  dataset: optional(z.enum(imageDatasetNames), "Where the digit comes from", "mnist-6k"),
  digit_index: optional(integer(0, 9999), "Which digit of the test set", "0"),
  times: z.array(z.number().min(0).max(1)).min(2).max(20).optional().describe(
    "Times of the forward process to draw, 2 to 20 values from 0 (clean) to 1 (noise) " +
      "(default 8, evenly spaced)",
  ),
});
