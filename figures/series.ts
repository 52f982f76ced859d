/** Series of points and axes. */
// @ts-types="@types/d3-scale"
import { scaleLinear, scaleLog } from "d3-scale";
import { formatNumber } from "./theme.ts";

/** One measured point: `x` is usually a training step or a diffusion time. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Smooths a series: each point becomes the average of all points, weighted by 0.5^(distance / halfLife) on both
 * sides. Unlike a moving average of past points, it does not lag. `halfLife` is a number of points. Points that
 * are not finite are skipped.
 */
export function smooth(points: readonly Point[], halfLife: number): Point[] {
  if (!(halfLife > 0)) return [...points];
  const finite = points.filter((point) => Number.isFinite(point.y));
  const before = decayingSums(finite, halfLife);
  const after = decayingSums(finite.toReversed(), halfLife).toReversed();
  return finite.map(({ x, y }, index) => {
    const [sumBefore, weightBefore] = before[index] ?? [y, 1];
    const [sumAfter, weightAfter] = after[index] ?? [y, 1];
    // Both sums include the point itself.
    return { x, y: (sumBefore + sumAfter - y) / (weightBefore + weightAfter - 1) };
  });
}

/** Returns, for each point, the weighted sum of it and the preceding points, and the sum of the weights. */
function decayingSums(points: readonly Point[], halfLife: number): [number, number][] {
  const keep = 0.5 ** (1 / halfLife);
  let sum = 0;
  let weight = 0;
  return points.map(({ y }) => {
    sum = keep * sum + y;
    weight = keep * weight + 1;
    return [sum, weight];
  });
}

/** Returns a half-life, in points, that smooths a curve of this length without hiding its shape. */
export function smoothingHalfLife(count: number): number {
  return count < 20 ? 0 : Math.min(8, count / 80);
}

/**
 * Reduces a series to at most `limit` points. The ends are kept, and the lowest and highest point of every
 * segment in between, so that no spike is lost.
 */
export function thin(points: readonly Point[], limit: number): Point[] {
  if (points.length <= limit || limit < 4) return [...points];
  const buckets = Math.floor((limit - 2) / 2);
  const inner = points.length - 2;
  const kept: Point[] = points.slice(0, 1);
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = 1 + Math.floor(bucket * inner / buckets);
    const to = 1 + Math.floor((bucket + 1) * inner / buckets);
    const stretch = points.slice(from, to);
    const low = stretch.reduce((a, b) => b.y < a.y ? b : a);
    const high = stretch.reduce((a, b) => b.y > a.y ? b : a);
    kept.push(...(low === high ? [low] : low.x < high.x ? [low, high] : [high, low]));
  }
  return [...kept, ...points.slice(-1)];
}

export type ScaleName = "linear" | "log";

/** An axis: the mapping from data to pixels, and its ticks. */
export interface Axis {
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
  at(value: number): number;
}

/**
 * Returns an axis for `values` (those that are finite, and positive on a log scale) and the pixel range
 * `[from, to]`. With `nice` its ends are round numbers. Without usable values it ranges from 0 to 1.
 */
export function axis(options: {
  readonly values: readonly number[];
  readonly range: readonly [number, number];
  readonly scale: ScaleName;
  readonly tickCount: number;
  readonly nice: boolean;
}): Axis {
  const { range, scale, tickCount } = options;
  const usable = options.values.filter((value) =>
    Number.isFinite(value) && (scale === "linear" || value > 0)
  );
  let low = usable.reduce((a, b) => Math.min(a, b), Infinity);
  let high = usable.reduce((a, b) => Math.max(a, b), -Infinity);
  if (low > high) [low, high] = scale === "log" ? [0.1, 1] : [0, 1];
  if (low === high) {
    [low, high] = scale === "log"
      ? [low / 2, high * 2]
      : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  }
  const mapping = scale === "log" ? scaleLog([low, high], range) : scaleLinear([low, high], range);
  if (options.nice && scale === "linear") mapping.nice(2 * tickCount);
  const values = scale === "log" ? logTicks(low, high, tickCount) : mapping.ticks(tickCount);
  return {
    ticks: values.map((value) => ({ value, label: formatNumber(value) })),
    at: (value) => mapping(value),
  };
}

/** Returns ticks at 1, 2 and 5 times powers of ten, or at powers of ten only over many decades. */
function logTicks(low: number, high: number, count: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const decades = last - first;
  const stride = Math.max(1, Math.ceil(decades / count));
  const factors = decades <= 1 ? [1, 1.5, 2, 3, 4, 5, 7] : decades <= 3 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = first; power <= last; power += stride) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (value >= low * 0.999 && value <= high * 1.001) ticks.push(value);
    }
  }
  // In a narrow range the ticks are those of a linear scale.
  return ticks.length >= 3 ? ticks : scaleLinear([low, high], [0, 1]).ticks(count);
}
