/**
 * The diagnosis of the course of a training. Each run has at most one verdict, so that the advice about
 * its number of steps and its learning rate cannot contradict itself.
 */
import type { Curves, MetricPoint } from "../store/metrics.ts";
import {
  type Advice,
  besideBaseline,
  fallsSince,
  type Finding,
  formatted,
  gapOf,
  hasDiverged,
  heldOutNats,
  isGap,
  isNoBetterThanBaseline,
  lowestOf,
  type Measured,
  quarters,
  relativeError,
} from "./curve.ts";
import type { Run } from "../store/run.ts";

/** The data that a verdict is derived from. */
export interface Course {
  readonly run: Run;
  readonly modality: Measured;
  readonly curves: Curves;
  /** Whether the configuration has a defect that prevents the network from learning. */
  readonly hasDefect: boolean;
}

/** Number of points of the training loss from which its trend can be told. */
const ENOUGH_LOSSES = 20;
/** Gap in nats per character between held-out text and training text: small, and large. */
const GAP = 0.15;
const WIDE_GAP = 0.5;
/** Ratio of the held-out error to its minimum from which it has begun to rise, and is clearly worse. */
const TURNED = 1.03;
const WORSE = 1.2;

/** Returns the findings on the course of a training: a verdict, and whether nothing was learnt. */
export function courseFindings(course: Course): Finding[] {
  const verdict = diverged(course) ?? overfitting(course) ?? gettingWorse(course) ?? flat(course);
  // A run that overfits, or has become worse again, has learnt something.
  if (verdict && (verdict.code === "diverged" || hadLearnt(course, verdict))) return [verdict];
  const nothing = learntNothing(course, verdict === undefined);
  if (verdict || nothing) return [verdict, nothing].filter((finding) => finding !== undefined);
  return [stillImproving(course)].filter((finding) => finding !== undefined);
}

/** Returns the curve of the ranking metric. */
function heldOut({ modality, curves }: Course): readonly MetricPoint[] {
  return curves[modality.metric.name] ?? [];
}

function hadLearnt(course: Course, { code }: Finding): boolean {
  const { run: { baseline }, modality } = course;
  const best = lowestOf(heldOut(course));
  return code === "overfitting" ||
    (best !== undefined && !!baseline &&
      best.value / baseline < modality.nothingLearntFrom);
}

/** Finds NaN, infinity, or a loss far above its minimum. More steps do not help then. */
function diverged(course: Course): Finding | undefined {
  const { run, curves, modality } = course;
  const loss = curves.loss ?? [];
  const held = heldOut(course);
  const lossGone = hasDiverged(loss);
  // The held-out error may rise as far by overfitting, while the training loss falls.
  const heldGone = held.some(({ value }) => !Number.isFinite(value)) ||
    (hasDiverged(held) && !(fallsSince(loss, lowestOf(held)!.step) || isGap(run, WIDE_GAP)));
  if (!lossGone && !heldGone) return;
  const [curve, title] = lossGone
    ? [loss, "training loss"] as const
    : [held, modality.metric.title] as const;
  const lowest = lowestOf(curve.filter(({ value }) => Number.isFinite(value)));
  const last = curve.findLast(({ value }) => !Number.isFinite(value)) ?? curve.at(-1)!;
  const { gradient_clip, warmup_steps } = run.config;
  return {
    level: "error",
    code: "diverged",
    seen: `It diverged: the ${title} is ${formatted(last.value)}` +
      (lowest ? ` after ${formatted(lowest.value)} at step ${lowest.step}` : ""),
    advice: [
      ...(run.status === "running" ? [{ field: "run", change: "stop" } as const] : []),
      { field: "learning_rate", change: "less" },
      ...(warmup_steps < run.steps ? [{ field: "warmup_steps", change: "more" } as const] : []),
      ...(gradient_clip === 0 ? [{ field: "gradient_clip", change: { set: 1 } } as const] : []),
    ],
  };
}

/** Finds overfitting: the held-out error no longer falls, or rises, while that on training data falls. */
function overfitting(course: Course): Finding | undefined {
  const { run, curves, modality } = course;
  const held = heldOut(course);
  const best = lowestOf(held);
  const last = held.at(-1);
  const turned = best && last && last.value > TURNED * best.value && best.value > 0;
  const gap = gapOf(run);
  const byHeart = gap !== null && gap >= GAP;
  const falls = best !== undefined && fallsSince(curves.loss ?? [], best.step);
  if (turned && (byHeart || (gap === null && falls && last.value > WORSE * best.value))) {
    return {
      level: "warning",
      code: "overfitting",
      seen:
        `It overfits: the ${modality.metric.title} on held-out ${modality.material} rose to ${
          formatted(last.value)
        } after ${formatted(best.value)} at step ${best.step}, while that on ` +
        (byHeart ? `training text is ${formatted(run.latest.train_nats!)}` : "training data fell") +
        besideBaseline(run, modality),
      advice: [
        { field: "steps", change: "less", note: `it was best at step ${best.step}` },
        ...againstOverfitting(run),
      ],
    };
  }
  if (!byHeart) return;
  // One validation does not show whether the error on held-out text still falls.
  const alone = held.length < 2 && gap >= WIDE_GAP;
  return {
    level: alone ? "warning" : "info",
    code: alone ? "overfitting" : "learnt-by-heart",
    seen: `Held-out text needs ${formatted(heldOutNats(run)!)} nats per character, training ` +
      `text ${formatted(run.latest.train_nats!)}: it ${alone ? "overfits" : "begins to overfit"}` +
      besideBaseline(run, modality),
    advice: alone
      ? [{ field: "steps", change: "less" }, ...againstOverfitting(run)]
      : [{ field: "weight_decay", change: "more" }],
  };
}

function againstOverfitting({ config }: Run): Advice[] {
  return [
    { field: "weight_decay", change: "more" },
    ...(config.size === "tiny" ? [] : [{ field: "size", change: "less" } as const]),
    { field: "dataset", change: "more" },
  ];
}

function gettingWorse(course: Course): Finding | undefined {
  const held = heldOut(course);
  const [best, last] = [lowestOf(held), held.at(-1)];
  if (!best || !last || best.value <= 0 || last.value < WORSE * best.value) return;
  return {
    level: "warning",
    code: "getting-worse",
    seen: `The ${course.modality.metric.title} rose to ${formatted(last.value)} after ${
      formatted(best.value)
    } at step ${best.step}`,
    advice: [{ field: "learning_rate", change: "less" }],
  };
}

/** Finds a loss that does not fall, unless the run is better than the baseline: then it has converged. */
function flat({ run, curves, modality, hasDefect }: Course): Finding | undefined {
  const loss = curves.loss ?? [];
  if (loss.length < ENOUGH_LOSSES) return;
  if (relativeError(run, modality) !== null && !isNoBetterThanBaseline(run, modality)) return;
  const { early, late } = quarters(loss);
  if (late < 0.95 * early) return;
  return {
    level: "warning",
    code: "loss-not-falling",
    seen: `The loss does not fall: ${formatted(early)} in the first quarter, ${
      formatted(late)
    } in the last`,
    advice: hasDefect
      ? []
      : [{ field: "learning_rate", change: late > 1.05 * early ? "less" : "other" }],
  };
}

/**
 * Finds a run that is no better than the baseline.
 *
 * @param advise Whether there is no other finding with advice.
 */
function learntNothing(course: Course, advise: boolean): Finding | undefined {
  const { run, modality } = course;
  if (!isNoBetterThanBaseline(run, modality)) return;
  const early = run.status === "running" && modality.isYoung(run);
  const score = formatted(run.latest[modality.metric.name]!), baseline = formatted(run.baseline!);
  return {
    level: early ? "info" : "warning",
    code: "learnt-nothing",
    seen: modality.nothingLearnt(score, baseline) + (run.status === "running" ? " yet" : ""),
    advice: early || !advise || course.hasDefect ? [] : adviceToLearn(course),
  };
}

/** Advises more steps if the held-out error was falling, and another learning rate if not. */
function adviceToLearn(course: Course): Advice[] {
  const { run } = course;
  const held = heldOut(course);
  const improves = held.length > 1
    ? held.at(-1)!.value < 0.97 * held[0]!.value && lowestOf(held) === held.at(-1)
    : true;
  // A run that still trains has these steps before it.
  if (improves) return run.status === "running" ? [] : [{ field: "steps", change: "more" }];
  return [
    { field: "learning_rate", change: "other" },
    ...(run.step * (1 - run.config.ema_decay) < 3
      ? [
        {
          field: "ema_decay",
          change: "less",
          note: "the average of the weights still contains its beginning",
        } as const,
      ]
      : []),
  ];
}

/** Finds a finished run whose held-out error was still falling. */
function stillImproving(course: Course): Finding | undefined {
  const { run, modality, hasDefect } = course;
  const held = heldOut(course);
  if (run.status !== "finished" || held.length < 4 || hasDefect) return;
  const last = held.at(-1)!;
  const before = lowestOf(held.slice(0, Math.ceil(0.75 * held.length)))!;
  if (!(last.value < 0.97 * before.value) || lowestOf(held) !== last) return;
  return {
    level: "info",
    code: "still-improving",
    seen: `Its ${modality.metric.title} was still falling when it ended: ${
      formatted(last.value)
    } after ${formatted(before.value)} at step ${before.step}`,
    advice: [{ field: "steps", change: "more" }],
  };
}
