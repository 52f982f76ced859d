/** One measured point: `x` is usually a training step or a diffusion time. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * An exponential moving average along the points, corrected for its start as Adam corrects its
 * moments (Kingma and Ba 2015, section 3), so that the first value is the first point and not a pull
 * towards zero. `halfLife` is in points. Points that are not finite are passed over.
 */
export function smooth(points: readonly Point[], halfLife: number): Point[] {
  if (!(halfLife > 0)) return [...points];
  const keep = 0.5 ** (1 / halfLife);
  let mean = 0;
  let weight = 0;
  const result: Point[] = [];
  for (const { x, y } of points) {
    if (!Number.isFinite(y)) continue;
    mean = keep * mean + (1 - keep) * y;
    weight = keep * weight + (1 - keep);
    result.push({ x, y: mean / weight });
  }
  return result;
}

/** Half-life, in points, that calms a curve of this many points without hiding its shape. */
export function calmingHalfLife(count: number): number {
  return count < 20 ? 0 : Math.min(30, count / 25);
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
