/**
 * How a training goes: one verdict for each run, so that what is advised about its steps and its
 * learning rate comes from one place and cannot contradict itself.
 */
import type { Curves, MetricPoint } from "../store/metrics.ts";
import {
  type Advice,
  besideBaseline,
  fallsSince,
  type Finding,
  gapOf,
  hasDiverged,
  isGap,
  lowestOf,
  type Measured,
  quarters,
  relativeError,
  shown,
} from "./curve.ts";
import type { Run } from "../store/run.ts";

/** What a verdict is made from. */
export interface Course {
  readonly run: Run;
  readonly modality: Measured;
  readonly curves: Curves;
  /** Whether something about the configuration was found to keep the network from learning. */
  readonly hasDefect: boolean;
}

/** Points of the training loss from which on it says whether it falls. */
const ENOUGH_LOSSES = 20;
/** Nats per character that training text may be ahead of held-out text: a little, and by far. */
const GAP = 0.15;
const WIDE_GAP = 0.5;
/** Above its lowest, a held-out error that has turned; and one that is plainly worse. */
const TURNED = 1.03;
const WORSE = 1.2;

/** The findings on the course of a training: a verdict, and whether anything was learnt at all. */
export function courseFindings(course: Course): Finding[] {
  const verdict = diverged(course) ?? overfitting(course) ?? gettingWorse(course) ?? flat(course);
  // What was learnt and then lost, or learnt by heart, is not nothing.
  if (verdict && (verdict.code === "diverged" || hadLearnt(course, verdict))) return [verdict];
  const nothing = learntNothing(course, verdict === undefined);
  if (verdict || nothing) return [verdict, nothing].filter((finding) => finding !== undefined);
  return [stillImproving(course)].filter((finding) => finding !== undefined);
}

/** The curve that a run is ranked by. */
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

/** NaN, infinity, or a loss far above what it was: nothing that more steps would mend. */
function diverged(course: Course): Finding | undefined {
  const { run, curves, modality } = course;
  const loss = curves.loss ?? [];
  const held = heldOut(course);
  const lossGone = hasDiverged(loss);
  // A held-out error alone may rise as far by learning by heart, where the training loss falls.
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
    seen: `It diverged: the ${title} is ${shown(last.value)}` +
      (lowest ? ` after ${shown(lowest.value)} at step ${lowest.step}` : ""),
    advice: [
      ...(run.status === "running" ? [{ field: "run", change: "stop" } as const] : []),
      { field: "learning_rate", change: "less" },
      ...(warmup_steps < run.steps ? [{ field: "warmup_steps", change: "more" } as const] : []),
      ...(gradient_clip === 0 ? [{ field: "gradient_clip", change: { set: 1 } } as const] : []),
    ],
  };
}

/** The training data is learnt by heart: held-out data gains no more, or loses. */
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
        `It learns by heart: the ${modality.metric.title} on held-out ${modality.material} rose to ${
          shown(last.value)
        } after ${shown(best.value)} at step ${best.step}, while that on ` +
        (byHeart ? `training text is ${shown(run.latest.train_nats!)}` : "what it trains on fell") +
        besideBaseline(run, modality),
      advice: [
        { field: "steps", change: "less", note: `it was best at step ${best.step}` },
        ...lessByHeart(run),
      ],
    };
  }
  if (!byHeart) return;
  // With one validation nobody knows whether held-out text still gains.
  const alone = held.length < 2 && gap >= WIDE_GAP;
  return {
    level: alone ? "warning" : "info",
    code: alone ? "overfitting" : "learnt-by-heart",
    seen:
      `Held-out text needs ${shown(run.latest.nats_per_character!)} nats per character, training ` +
      `text ${shown(run.latest.train_nats!)}: it ${alone ? "learns" : "begins to learn"} by heart` +
      besideBaseline(run, modality),
    advice: alone
      ? [{ field: "steps", change: "less" }, ...lessByHeart(run)]
      : [{ field: "weight_decay", change: "more" }],
  };
}

function lessByHeart({ config }: Run): Advice[] {
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
    seen: `The ${course.modality.metric.title} rose to ${shown(last.value)} after ${
      shown(best.value)
    } at step ${best.step}`,
    advice: [{ field: "learning_rate", change: "less" }],
  };
}

/** Not where it has come to rest below what is trivial: then it is done. */
function flat({ run, curves, modality, hasDefect }: Course): Finding | undefined {
  const loss = curves.loss ?? [];
  const relative = relativeError(run, modality);
  if (loss.length < ENOUGH_LOSSES) return;
  if (relative !== null && relative < modality.nothingLearntFrom) return;
  const { early, late } = quarters(loss);
  if (late < 0.95 * early) return;
  return {
    level: "warning",
    code: "loss-not-falling",
    seen: `The loss does not fall: ${shown(early)} in the first quarter, ${
      shown(late)
    } in the last`,
    advice: hasDefect
      ? []
      : [{ field: "learning_rate", change: late > 1.05 * early ? "less" : "other" }],
  };
}

/**
 * Whether it is no better than what is trivial.
 *
 * @param advise Whether nothing else was found that tells what to do.
 */
function learntNothing(course: Course, advise: boolean): Finding | undefined {
  const { run, modality } = course;
  const relative = relativeError(run, modality);
  if (relative === null || relative < modality.nothingLearntFrom) return;
  const early = run.status === "running" && modality.isYoung(run);
  const score = shown(run.latest[modality.metric.name]!), baseline = shown(run.baseline!);
  return {
    level: early ? "info" : "warning",
    code: "learnt-nothing",
    seen: modality.nothingLearnt(score, baseline) + (early ? " yet" : ""),
    advice: early || !advise || course.hasDefect ? [] : learnSomething(course),
  };
}

/** More steps where it was getting on, another learning rate where it was not. */
function learnSomething(course: Course): Advice[] {
  const { run } = course;
  const held = heldOut(course);
  const getsOn = held.length > 1
    ? held.at(-1)!.value < 0.97 * held[0]!.value && lowestOf(held) === held.at(-1)
    : true;
  if (getsOn) return [{ field: "steps", change: "more" }];
  return [
    { field: "learning_rate", change: "other" },
    ...(run.step * (1 - run.config.ema_decay) < 3
      ? [
        {
          field: "ema_decay",
          change: "less",
          note: "the average still holds its beginning",
        } as const,
      ]
      : []),
  ];
}

/** A run that ended while it was still gaining. */
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
      shown(last.value)
    } after ${shown(before.value)} at step ${before.step}`,
    advice: [{ field: "steps", change: "more" }],
  };
}
