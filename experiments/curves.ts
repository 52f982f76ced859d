/** Curves made short enough to read and alike enough to compare. */
import type { AlignedCurve, Curves, MetricName, MetricPoint } from "./types.ts";

/** At most `count` (2 or more) of the points, evenly chosen, the first and last among them. */
export function thin(points: readonly MetricPoint[], count: number): readonly MetricPoint[] {
  if (points.length <= count) return points;
  const last = points.length - 1;
  return Array.from({ length: count }, (_, i) => points[Math.round(i * last / (count - 1))]!);
}

/**
 * The same metric of several runs over common steps: those that occur where there are few enough,
 * otherwise `count` even ones between the first and the last. Between its points a curve is
 * interpolated linearly, outside of them it is null.
 */
export function align(
  name: MetricName,
  curves: ReadonlyMap<string, readonly MetricPoint[]>,
  count: number,
): AlignedCurve {
  const steps = commonSteps([...curves.values()], count);
  return {
    name,
    steps,
    series: [...curves].map(([runId, points]) => ({
      runId,
      values: steps.map((step) => interpolate(points, step)),
    })),
  };
}

function commonSteps(curves: readonly (readonly MetricPoint[])[], count: number): number[] {
  const all = [...new Set(curves.flat().map(({ step }) => step))].sort((a, b) => a - b);
  if (all.length <= count) return all;
  const [first, last] = [all[0]!, all.at(-1)!];
  return Array.from(
    { length: count },
    (_, i) => Math.round(first + (last - first) * i / (count - 1)),
  );
}

function interpolate(points: readonly MetricPoint[], step: number): number | null {
  const next = points.findIndex((point) => point.step >= step);
  if (next < 0) return null;
  const after = points[next]!;
  if (after.step === step) return after.value;
  const before = points[next - 1];
  if (!before) return null;
  const weight = (step - before.step) / (after.step - before.step);
  return before.value + weight * (after.value - before.value);
}

/** Every curve thinned by {@link thin} to at most `maxPoints`. */
export function thinned(curves: Curves, maxPoints: number): Curves {
  return Object.fromEntries(
    Object.entries(curves).map(([name, points]) => [name, thin(points, maxPoints)]),
  );
}
