/** Curves of several runs at common steps. */
import type { MetricName, MetricPoint } from "../store/metrics.ts";

/** A metric of several runs at the same steps. */
export interface AlignedCurve {
  readonly name: MetricName;
  readonly steps: readonly number[];
  /** One value for each step, or null. */
  readonly series: readonly {
    readonly runId: string;
    readonly values: readonly (number | null)[];
  }[];
}

/**
 * Aligns a metric of several runs to common steps: all steps that occur if there are at most `count`, otherwise
 * `count` evenly spaced steps. Curves are interpolated linearly between their points and null outside of them.
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
  const some = new Set(
    curves.flatMap((points) => points.slice(0, count + 1)).map(({ step }) => step),
  );
  if (some.size <= count) return [...some].sort((a, b) => a - b);
  const first = Math.min(...curves.flatMap((points) => points[0]?.step ?? []));
  const last = Math.max(...curves.flatMap((points) => points.at(-1)?.step ?? []));
  return Array.from(
    { length: count },
    (_, i) => Math.round(first + (last - first) * i / (count - 1)),
  );
}

function interpolate(points: readonly MetricPoint[], step: number): number | null {
  const next = firstFrom(points, step);
  if (next === points.length) return null;
  const after = points[next]!;
  if (after.step === step) return after.value;
  const before = points[next - 1];
  if (!before) return null;
  const weight = (step - before.step) / (after.step - before.step);
  return before.value + weight * (after.value - before.value);
}

/** Returns the index of the first point at or after a step, by bisection; the length where there is none. */
function firstFrom(points: readonly MetricPoint[], step: number): number {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]!.step < step) low = middle + 1;
    else high = middle;
  }
  return low;
}
