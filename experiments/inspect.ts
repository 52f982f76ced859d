/** How one run stands, and what somebody should know about it. */
import { type Advice, contradict } from "./diagnosis/advice.ts";
import { courseFindings } from "./diagnosis/course.ts";
import { relativeError } from "./diagnosis/facts.ts";
import { alertOf, type Finding } from "./diagnosis/finding.ts";
import { textDefects } from "./text/diagnosis.ts";
import type { Checkpoint, Curves, Run, RunReport, Sample } from "./types.ts";
import { duration } from "./watch.ts";
import { scoreOf, yardstickOf } from "./yardstick.ts";

/** What a report is made from. */
export interface RunEvidence {
  readonly run: Run;
  /** All points of all metrics. */
  readonly curves: Curves;
  readonly checkpoints: readonly Checkpoint[];
  readonly samples: readonly Sample[];
  /** Seconds since the worker's last sign of life; null unless it runs. */
  readonly silenceSeconds: number | null;
}

/** A worker silent for longer is called stuck. */
const SILENCE_LIMIT = 60;

/** How the trainer's message begins when a loss is no number any more. */
const DIVERGED = "Training diverged";

/** The report without its curves, which the caller cuts to length, and what is kept elsewhere. */
export function reportOn(
  evidence: RunEvidence,
): Omit<RunReport, "curves" | "evaluations" | "baselines"> {
  const { run, checkpoints, samples } = evidence;
  const imagesPerSecond = run.latest.images_per_second ?? null;
  const relative = relativeError(run);
  return {
    run,
    imagesPerSecond,
    secondsPerStep: imagesPerSecond === null ? null : run.config.batch_size / imagesPerSecond,
    relativeError: relative,
    checkpoints,
    samples,
    alerts: findingsOn(evidence).map((finding) => alertOf(finding, run.config)),
    summary: summarise(run, relative),
  };
}

function summarise(run: Run, relative: number | null): string {
  const where = `${run.id} is ${run.status} at step ${run.step} of ${run.steps}` +
    (run.etaSeconds === null ? "" : `, about ${duration(run.etaSeconds)} left`);
  if (relative === null) return `${where}; it was not validated yet`;
  return `${where}; its ${yardstickOf(run).title} is ${scoreOf(run)!.toPrecision(3)}, ` +
    `${(100 * relative).toFixed(0)} % of ${yardstickOf(run).trivial} (${
      run.trivialMse!.toPrecision(3)
    })`;
}

/** The course of a training and its status, worst first within each; no two contradict. */
export function findingsOn(evidence: RunEvidence): Finding[] {
  const { run, curves } = evidence;
  const defects = textDefects(run);
  const course = run.status === "failed"
    ? []
    : courseFindings({ run, curves, hasDefect: defects.length > 0 });
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
    // What is to be trained otherwise is not worth going on with.
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
