/** Findings and advice in words, and the properties of curves that findings are derived from. */
import type { MetricPoint, RankingMetric } from "../store/metrics.ts";
import type { Run } from "../store/run.ts";
import type { RunConfig } from "../config/fields.ts";

/** A change to the configuration of the next run. */
export type Change =
  | "more"
  | "less"
  /** In a direction that does not follow from the curves. */
  | "other"
  | { readonly set: string | number };

/** A change of a field for the next run, or an action on this run. */
export type Advice =
  | { readonly field: AdvisedField; readonly change: Change; readonly note?: string }
  | { readonly field: "run"; readonly change: "resume" | "stop"; readonly note?: string };

export type AdvisedField =
  | "steps"
  | "learning_rate"
  | "warmup_steps"
  | "gradient_clip"
  | "weight_decay"
  | "ema_decay"
  | "size"
  | "dataset"
  | "positions"
  | "rounding"
  | "embedding_norm"
  | "schedule";

/**
 * Whether two pieces of advice cannot both be followed: they change a field in different ways, or one of
 * them resumes a run that the other one stops, changes, or makes shorter.
 */
export function contradict(a: Advice, b: Advice): boolean {
  if (a.field === b.field) return JSON.stringify(a.change) !== JSON.stringify(b.change);
  const [run, other] = a.field === "run" ? [a, b] : [b, a];
  if (run.field !== "run") return false;
  const longer = other.field === "steps" && other.change === "more";
  return run.change === "resume" ? !longer : longer;
}

/** The configuration of a run that advice is about, and the name of its data in a sentence. */
export interface Advised {
  readonly config: RunConfig;
  readonly material: string;
}

/** Returns advice as the end of a sentence, "; train again with …"; "" for none. */
export function inWords(advice: readonly Advice[], about: Advised): string {
  const changes = advice.filter((one) => one.field !== "run").map((one) => phrase(one, about));
  const stops = advice.some(({ field, change }) => field === "run" && change === "stop");
  const resumed = advice.find(({ field, change }) => field === "run" && change === "resume");
  const parts = [
    ...(stops ? ["stop it"] : []),
    ...(resumed ? [`resume the run${resumed.note ? ` (${resumed.note})` : ""}`] : []),
    ...(changes.length > 0 ? [`train again with ${changes.join(", or ")}`] : []),
  ];
  return parts.length > 0 ? `; ${parts.join(" and ")}` : "";
}

function phrase({ field, change, note }: Advice, about: Advised): string {
  const what = wording(field as AdvisedField, change as Change, about);
  return note ? `${what} (${note})` : what;
}

function wording(field: AdvisedField, change: Change, about: Advised): string {
  if (typeof change === "object") return `${field} set to ${change.set}`;
  const how = { more: "more", less: "less", other: "another" }[change];
  switch (field) {
    case "steps":
      return change === "less" ? "fewer steps" : `${how} steps`;
    case "learning_rate":
      return rates(
        change === "less" ? "a lower" : change === "more" ? "a higher" : how,
        about.config,
      );
    case "warmup_steps":
      return change === "less" ? "a shorter warm-up" : "a longer warm-up (warmup_steps)";
    case "size":
      return change === "less" ? "a smaller network (size)" : "a larger network (size)";
    case "dataset":
      return `${how} ${about.material}`;
    case "ema_decay":
      return `a ${change === "less" ? "lower" : "higher"} ema_decay`;
    default:
      return `${how} ${field}`;
  }
}

/** Names both learning rates if Muon updates the hidden layers, whose rate has the larger effect. */
function rates(how: string, { learning_rate, muon_learning_rate: muon }: RunConfig): string {
  return muon > 0
    ? `${how} learning_rate and muon_learning_rate (${learning_rate} and ${muon} now)`
    : `${how} learning_rate (${learning_rate} now)`;
}

export interface Finding {
  readonly level: Alert["level"];
  readonly code: string;
  /** The observation: a sentence without its full stop. */
  readonly seen: string;
  readonly advice: readonly Advice[];
}

export function alertOf({ level, code, seen, advice }: Finding, about: Advised): Alert {
  return { level, code, message: seen + inWords(advice, about) };
}

export interface Alert {
  readonly level: "info" | "warning" | "error";
  /** For example `diverged`, `overfitting`, `learnt-nothing`, `stale-heartbeat`. */
  readonly code: string;
  /** The observation, and what to do. */
  readonly message: string;
}

/** The ranking metric of a modality, with the words and thresholds of its findings. */
export interface Measured {
  readonly metric: RankingMetric;
  /** The name of its data in a sentence: "held-out …". */
  readonly material: string;
  /** Fraction of the baseline from which nothing was learnt. */
  readonly nothingLearntFrom: number;
  /** Whether a running training has done too few steps to be compared with the baseline. */
  isYoung(run: Run): boolean;
  /** Says that nothing was learnt, in a sentence without its full stop, with the formatted numbers. */
  nothingLearnt(score: string, baseline: string): string;
}

/** Number of points from which a trend can be told from noise. */
const ENOUGH = 6;
/** Factors above the lowest point, and above the lowest moving average, that are not explained by noise. */
const LEAP = 10;
const RISE = 3;

/** Whether a curve that should fall has a value that is not finite, or rose far above its minimum. */
export function hasDiverged(points: readonly MetricPoint[]): boolean {
  if (points.some(({ value }) => !Number.isFinite(value))) return true;
  if (points.length < 2) return false;
  const width = points.length < ENOUGH ? 1 : windowOf(points);
  const late = average(points.slice(-width));
  const lowest = lowestOf(points)!.value;
  // A ratio to the minimum has no meaning if the loss may be negative.
  if (lowest <= 0) return late > LEAP * (largest(points.slice(0, points.length / 2)) - lowest);
  return late > LEAP * lowest ||
    (points.length >= ENOUGH && late > RISE * lowestLevel(points, width));
}

/** Returns the means over the first and the last quarter of the points. */
export function quarters(points: readonly MetricPoint[]): { early: number; late: number } {
  const quarter = Math.max(1, Math.floor(points.length / 4));
  return { early: average(points.slice(0, quarter)), late: average(points.slice(-quarter)) };
}

/**
 * Returns the ratio of the level at the end to that at a step; null if there are no points on one of its
 * sides.
 */
function changeSince(points: readonly MetricPoint[], step: number): number | null {
  const after = points.filter((point) => point.step > step);
  const before = points.filter((point) => point.step <= step);
  if (after.length === 0 || before.length === 0) return null;
  const width = Math.min(windowOf(points), after.length, before.length);
  return average(after.slice(-width)) / average(before.slice(-width));
}

/** Returns the lowest point; undefined for an empty curve. */
export function lowestOf(points: readonly MetricPoint[]): MetricPoint | undefined {
  return points.reduce<MetricPoint | undefined>(
    (best, point) => best === undefined || point.value < best.value ? point : best,
    undefined,
  );
}

function largest(points: readonly MetricPoint[]): number {
  return Math.max(...points.map(({ value }) => value));
}

function windowOf(points: readonly MetricPoint[]): number {
  return Math.max(Math.min(3, points.length), Math.floor(points.length / 10));
}

function lowestLevel(points: readonly MetricPoint[], width: number): number {
  let lowest = Infinity;
  for (let end = width; end <= points.length; end++) {
    lowest = Math.min(lowest, average(points.slice(end - width, end)));
  }
  return lowest;
}

function average(points: readonly MetricPoint[]): number {
  return points.reduce((sum, { value }) => sum + value, 0) / points.length;
}

/** Whether the training loss is lower now than it was at a step. */
export function fallsSince(loss: readonly MetricPoint[], step: number): boolean {
  const change = changeSince(loss, step);
  return change !== null && change < 1;
}

/**
 * Returns the nats per character of held-out text that compare with those of training text, which are measured in
 * whole windows where the network has them; `nats_per_character` may be a mean over block sizes.
 */
export function heldOutNats({ latest }: Pick<Run, "latest">): number | undefined {
  return latest.nats_block_full ?? latest.nats_per_character;
}

/** Returns the gap in nats per character between held-out and training text. It is null if it was not measured, or
 * if training text is no better than the baseline: a run that has learnt nothing does not overfit. */
export function gapOf(run: Run): number | null {
  const { latest: { train_nats: train }, baseline } = run;
  const held = heldOutNats(run);
  if (train === undefined || held === undefined || train >= (baseline ?? Infinity)) return null;
  return held - train;
}

/** Whether {@link gapOf} is at least this large. */
export function isGap(run: Run, least: number): boolean {
  const gap = gapOf(run);
  return gap !== null && gap >= least;
}

/** Returns the ranking metric of a run as a fraction of the baseline; null before the first validation. */
export function relativeError(run: Run, { metric }: Measured): number | null {
  const error = run.latest[metric.name];
  return error === undefined || !run.baseline ? null : error / run.baseline;
}

/** Whether the ranking metric of a run is no better than the baseline; false before the first validation. */
export function isNoBetterThanBaseline(run: Run, modality: Measured): boolean {
  return (relativeError(run, modality) ?? 0) >= modality.nothingLearntFrom;
}

/** Formats a number for a sentence. */
export function formatted(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(3) : String(value);
}

/** Adds to a sentence that the held-out error is no better than the baseline; "" if it is better. */
export function besideBaseline(run: Run, modality: Measured): string {
  return isNoBetterThanBaseline(run, modality)
    ? `; held out, it is no better than ${modality.metric.baseline} (${formatted(run.baseline!)})`
    : "";
}
