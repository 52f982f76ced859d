/** How one run stands, and what somebody should know about it. */
import type { Alert, Checkpoint, Curves, MetricPoint, Run, RunReport, Sample } from "./types.ts";
import { textAlerts } from "./text/diagnosis.ts";
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
    alerts: alertsOn(evidence),
    summary: summarise(run, relative),
  };
}

function relativeError(run: Run): number | null {
  const error = scoreOf(run);
  return error === null || !run.trivialMse ? null : error / run.trivialMse;
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

function alertsOn(evidence: RunEvidence): Alert[] {
  return [statusAlert, silenceAlert, learntNothing, lossNotFalling, gettingWorse, learntByHeart]
    .flatMap((check) => check(evidence) ?? [])
    .concat(textAlerts(evidence.run));
}

function statusAlert({ run }: RunEvidence): Alert | undefined {
  if (run.status === "failed") {
    return alert("error", "failed", run.error ?? "The run failed and left no message");
  }
  if (run.status === "interrupted") {
    const from = run.checkpointStep === null
      ? "it has no checkpoint and starts over"
      : `it goes on from step ${run.checkpointStep}`;
    return alert("warning", "interrupted", `The worker is gone: resume the run, ${from}`);
  }
  if (run.stopRequested) {
    return alert("info", "stopping", "A stop was requested: it ends after its present step");
  }
}

function silenceAlert({ run, silenceSeconds }: RunEvidence): Alert | undefined {
  if (silenceSeconds === null || silenceSeconds < SILENCE_LIMIT) return;
  return alert(
    "warning",
    "stale-heartbeat",
    `The worker lives but gave no sign for ${duration(silenceSeconds)} while it was ${
      run.activity ?? "starting"
    }: it is busy with one long step, or hangs; look at worker.log in the workspace`,
  );
}

function learntNothing({ run }: RunEvidence): Alert | undefined {
  if (run.config.modality === "text") return textLearntNothing(run);
  const relative = relativeError(run);
  if (relative === null || relative < 0.97) return;
  const early = run.status === "running" && run.step < run.steps / 4;
  return alert(
    early ? "info" : "warning",
    "learnt-nothing",
    `The denoising error is ${
      run.latest.denoising_mse!.toPrecision(3)
    }; looking at each pixel by ` +
      `itself gives ${run.trivialMse!.toPrecision(3)}: nothing of the digits' shape is learnt` +
      (early ? " yet" : "; train for more steps, or look at learning_rate and ema_decay"),
  );
}

/** A model of text may stay above the bigrams for long and still learn: early on they are no test. */
function textLearntNothing(run: Run): Alert | undefined {
  const relative = relativeError(run);
  if (relative === null || relative < 1) return;
  const early = run.status === "running" && run.step < 2000;
  return alert(
    early ? "info" : "warning",
    "learnt-nothing",
    `It needs ${scoreOf(run)!.toFixed(3)} nats per character; a bigram model needs ${
      run.trivialMse!.toFixed(3)
    }: nothing is learnt of what a longer context tells` +
      (early ? " yet" : "; train for more steps"),
  );
}

function lossNotFalling({ curves }: RunEvidence): Alert | undefined {
  const loss = curves.loss ?? [];
  if (loss.length < 20) return;
  const quarter = Math.floor(loss.length / 4);
  const [early, late] = [average(loss.slice(0, quarter)), average(loss.slice(-quarter))];
  if (late < 0.95 * early) return;
  return alert(
    "warning",
    "loss-not-falling",
    `The loss does not fall: ${early.toPrecision(3)} in the first quarter, ${
      late.toPrecision(3)
    } in the last; try another learning_rate`,
  );
}

function gettingWorse({ run, curves }: RunEvidence): Alert | undefined {
  const errors = curves[yardstickOf(run).metric] ?? [];
  const last = errors.at(-1);
  if (!last) return;
  const best = errors.reduce((a, b) => b.value < a.value ? b : a);
  if (last.value < 1.2 * best.value) return;
  return alert(
    "warning",
    "getting-worse",
    `The ${yardstickOf(run).title} rose to ${last.value.toPrecision(3)} after ${
      best.value.toPrecision(3)
    } at step ${best.step}: the learning_rate may be too high`,
  );
}

function learntByHeart({ run }: RunEvidence): Alert | undefined {
  const { train_nats: train, nats_per_character: held } = run.latest;
  if (train === undefined || held === undefined || held - train < 0.15) return;
  return alert(
    "info",
    "learnt-by-heart",
    `Held-out text needs ${held.toFixed(3)} nats per character, training text ${
      train.toFixed(3)
    }: it begins to learn by heart; fewer steps, a smaller network or more weight_decay`,
  );
}

function average(points: readonly MetricPoint[]): number {
  return points.reduce((sum, { value }) => sum + value, 0) / points.length;
}

function alert(level: Alert["level"], code: string, message: string): Alert {
  return { level, code, message };
}
