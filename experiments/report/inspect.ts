/** The requests to inspect and to compare runs, and the report on one run. */
import { z } from "zod";
import {
  defaulted,
  fieldValues,
  integer,
  optional,
  runReference,
  sweepReference,
} from "../config/fields.ts";
import { METRIC_NAMES, modalityOf, type Sample, scoreOf } from "../registry/modalities.ts";
import { type Run, RUN_STATUSES } from "../store/run.ts";
import { duration } from "../../engine/host/mod.ts";
import type { Checkpoint, Evaluation } from "../store/results.ts";
import type { Curves } from "../store/metrics.ts";
import type { NgramBaselines } from "../run/modality.ts";
import {
  type Advice,
  type Alert,
  alertOf,
  contradict,
  type Finding,
  relativeError,
} from "../diagnosis/curve.ts";
import { courseFindings } from "../diagnosis/course.ts";
import type { Store } from "../store/store.ts";

/** Limits of tables. */
const tableFields = {
  points: defaulted(integer(2, 20), "Rows of the table of curves", 12),
  limit: defaulted(integer(1, 20), "Rows", 20),
  offset: defaulted(integer(0, 1_000_000), "Rows to skip", 0),
};

export const InspectRequest = z.strictObject({
  run: runReference.optional().describe(
    'Run: id or a unique beginning of it, "latest", "best" (of a data set: "best:mnist"); a ' +
      "sweep, whose runs are listed; or a job such as job-0003 (default: all runs are listed)",
  ),
  jobs: defaulted(
    z.boolean(),
    "true: list the jobs of sample and evaluate",
    false,
  ),
  sweep: sweepReference.optional().describe(
    "List the runs of this sweep, e.g. sweep-0003 (default all)",
  ),
  status: optional(z.enum(RUN_STATUSES), "Only runs of this status", "all"),
  text: z.string().min(1).max(200).optional().describe(
    "Only runs with all these words in id, label, error or configuration (default any)",
  ),
  tag: z.string().min(1).max(30).optional().describe(
    "Only runs with this tag in their label (#tag) or in the journal (default any)",
  ),
  date: z.string().regex(/^\d{4}(-\d\d){0,2}(\.\.\d{4}(-\d\d){0,2})?$/)
    .meta({ examples: ["2026-11-02", "2026-11", "2026-11-02..2026-11-09"] }).optional().describe(
      "Only runs of a day (UTC), a month, or a range: 2026-11-02..2026-11-09 (default any)",
    ),
  where: fieldValues.optional().describe(
    'Only runs with these values, e.g. {"dataset": "mnist", "target": "v"} (default any)',
  ),
  sweeps: defaulted(z.boolean(), "true: list the sweeps of these runs instead", false),
  metrics: z.array(z.enum(METRIC_NAMES)).min(1).max(METRIC_NAMES.length).optional().describe(
    "Curves to show of run, e.g. validation_loss, gradient_norm, frechet (default loss and the ranking " +
      "metric)",
  ),
  ...tableFields,
});

export const CompareRequest = z.strictObject({
  runs: z.array(runReference).min(1).max(100).optional().describe(
    '2 to 100 runs: ids, unique beginnings, "latest", "best", sweeps; give this or sweep',
  ),
  sweep: sweepReference.optional().describe(
    "Compare all runs of this sweep, e.g. sweep-0003; give this or runs",
  ),
  metrics: z.array(z.enum(METRIC_NAMES)).max(3).optional().describe(
    "Curves to show side by side, 0 to 3 names as in inspect-run (default the ranking metric)",
  ),
  ...tableFields,
});

export interface RunReport {
  readonly run: Run;
  readonly curves: Curves;
  readonly examplesPerSecond: number | null;
  readonly secondsPerStep: number | null;
  /** Ranking metric as a fraction of {@link Run.baseline}: 1 is not better than the baseline, lower is better. */
  readonly relativeError: number | null;
  readonly checkpoints: readonly Checkpoint[];
  readonly samples: readonly Sample[];
  /** Oldest first. */
  readonly evaluations: readonly Evaluation[];
  /** N-gram baselines of the data; null before its first training, and for images. */
  readonly baselines: NgramBaselines | null;
  readonly alerts: readonly Alert[];
  /** One or two sentences on the state of the run. */
  readonly summary: string;
}

/** The data that a report is derived from. */
export interface RunEvidence {
  readonly run: Run;
  /** All points of all metrics. */
  readonly curves: Curves;
  readonly checkpoints: readonly Checkpoint[];
  readonly samples: readonly Sample[];
  /** Seconds since the last heartbeat of the worker; null unless the run is running. */
  readonly silenceSeconds: number | null;
}

/** Seconds without a heartbeat after which a worker is reported as stuck. */
const SILENCE_LIMIT = 60;

/** Beginning of the error message of a diverged training. */
const DIVERGED = "Training diverged";

/** Returns the report without curves, which the caller thins, and without data from other tables. */
export function reportOn(
  evidence: RunEvidence,
): Omit<RunReport, "curves" | "evaluations" | "baselines"> {
  const { run, checkpoints, samples } = evidence;
  const examplesPerSecond = run.latest.examples_per_second ?? null;
  const modality = modalityOf(run);
  const relative = relativeError(run, modality);
  const about = { config: run.config, material: modality.material };
  return {
    run,
    examplesPerSecond,
    secondsPerStep: examplesPerSecond === null ? null : run.config.batch_size / examplesPerSecond,
    relativeError: relative,
    checkpoints,
    samples,
    alerts: findingsOn(evidence).map((finding) => alertOf(finding, about)),
    summary: summarise(run, relative),
  };
}

function summarise(run: Run, relative: number | null): string {
  const where =
    `${run.id} ${
      run.status === "failed" ? "has" : "is"
    } ${run.status} at step ${run.step} of ${run.steps}` +
    (run.etaSeconds === null ? "" : `, about ${duration(run.etaSeconds)} left`);
  if (relative === null) return `${where}; it was not validated yet`;
  const { title, baseline } = modalityOf(run).metric;
  return `${where}; its ${title} is ${scoreOf(run)!.toPrecision(3)}, ` +
    `${(100 * relative).toFixed(0)} % of ${baseline} (${run.baseline!.toPrecision(3)})`;
}

/** Returns findings on the status and the course of a training, the most severe first; none contradict each other. */
export function findingsOn(evidence: RunEvidence): Finding[] {
  const { run, curves } = evidence;
  const modality = modalityOf(run);
  const defects = modality.defects(run);
  const course = run.status === "failed"
    ? []
    : courseFindings({ run, modality, curves, hasDefect: defects.length > 0 });
  const found = [...course, ...defects];
  const status = statusFinding(run, found);
  return [status, silence(evidence)].filter((finding) => finding !== undefined).concat(found);
}

function statusFinding(run: Run, found: readonly Finding[]): Finding | undefined {
  if (run.status === "failed") {
    const message = run.error ?? "The run failed and left no message";
    const code = message.startsWith(DIVERGED) ? "diverged" : "failed";
    return { level: "error", code, seen: message, advice: [] };
  }
  if (run.status === "interrupted") {
    const note = run.checkpointStep === null
      ? "it has no checkpoint and starts over"
      : `it goes on from step ${run.checkpointStep}`;
    const resume: Advice = { field: "run", change: "resume", note };
    // A run that should be trained with other settings is not worth resuming.
    const worth = !found.flatMap(({ advice }) => advice).some((other) => contradict(resume, other));
    return {
      level: "warning",
      code: "interrupted",
      seen: "The worker is gone",
      advice: worth ? [resume] : [],
    };
  }
  if (run.stopRequested) {
    return {
      level: "info",
      code: "stopping",
      seen: "A stop was requested: it ends after its present step",
      advice: [],
    };
  }
}

function silence({ run, silenceSeconds }: RunEvidence): Finding | undefined {
  if (silenceSeconds === null || silenceSeconds < SILENCE_LIMIT) return;
  return {
    level: "warning",
    code: "stale-heartbeat",
    seen: `The worker lives but gave no sign for ${duration(silenceSeconds)} while it was ${
      run.activity ?? "starting"
    }: it is busy with one long step, or hangs; look at worker.log in the workspace`,
    advice: [],
  };
}

/** Number of damaged checkpoints that a report mentions. */
const SHOWN = 3;

/** Returns an alert for each damaged checkpoint that was replaced by an older one, newest first. */
export function damageAlerts(store: Store, runId: string): Alert[] {
  return store.events.ofRun(runId, "checkpoint-damaged").slice(-SHOWN).reverse()
    .map(({ at, message }) => ({
      level: "warning",
      code: "checkpoint-damaged",
      message: `${message} (seen ${at})`,
    }));
}
