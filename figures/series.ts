/** One measured point: `x` is usually a training step or a diffusion time. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Each point as the average of all points, weighted by 0.5^(distance / halfLife) on both sides: unlike
 * a moving average over the past alone, it does not trail behind a falling curve. `halfLife` is in
 * points. Points that are not finite are passed over.
 */
export function smooth(points: readonly Point[], halfLife: number): Point[] {
  if (!(halfLife > 0)) return [...points];
  const finite = points.filter((point) => Number.isFinite(point.y));
  const before = decayingSums(finite, halfLife);
  const after = decayingSums(finite.toReversed(), halfLife).toReversed();
  return finite.map(({ x, y }, index) => {
    const [sumBefore, weightBefore] = before[index] ?? [y, 1];
    const [sumAfter, weightAfter] = after[index] ?? [y, 1];
    // The point itself is in both sums.
    return { x, y: (sumBefore + sumAfter - y) / (weightBefore + weightAfter - 1) };
  });
}

/** For each point the weighted sum of it and those before it, and the sum of the weights. */
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

/** Half-life, in points, that calms a curve of this many points without hiding its shape. */
export function calmingHalfLife(count: number): number {
  return count < 20 ? 0 : Math.min(8, count / 80);
}

/**
 * At most `limit` points: the ends stay, and of every stretch between them the lowest and the highest
 * stay, so that no spike is hidden.
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
