/** What the shape of a curve says. */
import type { MetricPoint, RankingMetric } from "../store/metrics.ts";
import type { Run } from "../store/run.ts";

/** By what the runs of a modality are measured, and in which words. */
export interface Measured {
  readonly metric: RankingMetric;
  /** What is learned from, in a sentence: "held-out …". */
  readonly material: string;
  /** The fraction of the baseline from which on nothing was learnt. */
  readonly nothingLearntFrom: number;
  /** Whether a running training is too young to be held against the baseline. */
  isYoung(run: Run): boolean;
  /** That nothing was learnt, in a sentence without its full stop; the numbers as they are shown. */
  nothingLearnt(score: string, baseline: string): string;
}

/** Fewer points than this do not tell a trend from noise. */
const ENOUGH = 6;
/** A rise by this factor is no noise: above the lowest point, above the lowest level of a few. */
const LEAP = 10;
const RISE = 3;

/** Whether a curve that should fall holds a value that is no number, or rose far above its lowest. */
export function hasDiverged(points: readonly MetricPoint[]): boolean {
  if (points.some(({ value }) => !Number.isFinite(value))) return true;
  if (points.length < 2) return false;
  const width = points.length < ENOUGH ? 1 : windowOf(points);
  const late = average(points.slice(-width));
  const lowest = lowestOf(points)!.value;
  // A loss that may be negative has no lowest level to be a multiple of.
  if (lowest <= 0) return late > LEAP * (largest(points.slice(0, points.length / 2)) - lowest);
  return late > LEAP * lowest ||
    (points.length >= ENOUGH && late > RISE * lowestLevel(points, width));
}

/** Level at the beginning and at the end: means over a quarter of the points each. */
export function quarters(points: readonly MetricPoint[]): { early: number; late: number } {
  const quarter = Math.max(1, Math.floor(points.length / 4));
  return { early: average(points.slice(0, quarter)), late: average(points.slice(-quarter)) };
}

/**
 * How the level at the end compares with that at a step, as a fraction; null where too few points
 * lie on either side.
 */
export function changeSince(points: readonly MetricPoint[], step: number): number | null {
  const after = points.filter((point) => point.step > step);
  const before = points.filter((point) => point.step <= step);
  if (after.length === 0 || before.length === 0) return null;
  const width = Math.min(windowOf(points), after.length, before.length);
  return average(after.slice(-width)) / average(before.slice(-width));
}

/** The lowest point; undefined for an empty curve. */
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

/** Nats per character that training text is ahead; null where nobody knows, or where even training
 * text is worse than trivial: what is not learnt is not learnt by heart. */
export function gapOf({ latest, baseline }: Run): number | null {
  const { train_nats: train, nats_per_character: held } = latest;
  if (train === undefined || held === undefined || train >= (baseline ?? Infinity)) return null;
  return held - train;
}

/** Whether training text is ahead by at least so much. */
export function isGap(run: Run, least: number): boolean {
  const gap = gapOf(run);
  return gap !== null && gap >= least;
}

/** A run's held-out error as a fraction of the baseline; null before the first validation. */
export function relativeError(run: Run, { metric }: Measured): number | null {
  const error = run.latest[metric.name];
  return error === undefined || !run.baseline ? null : error / run.baseline;
}

/** A number for people. */
export function shown(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(3) : String(value);
}

/** That held-out data is no better off than by the baseline, where that is so. */
export function besideBaseline(run: Run, modality: Measured): string {
  const relative = relativeError(run, modality);
  return relative === null || relative < modality.nothingLearntFrom
    ? ""
    : `; held out, it is no better than ${modality.metric.baseline} (${shown(run.baseline!)})`;
}
