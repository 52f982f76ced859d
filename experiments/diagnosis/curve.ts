/** What the shape of a curve says. */
import type { MetricPoint } from "../types.ts";

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
