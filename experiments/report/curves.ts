/** Curves made short enough to read and alike enough to compare. */
import {
  BLOCK_METRICS,
  BLOCK_SIZES,
  type Curves,
  type MetricName,
  type MetricPoint,
} from "../store/metrics.ts";
import type { Run } from "../store/run.ts";

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

export interface BlockNats {
  /** Tokens written together; 1 is left to right. */
  readonly blockSize: number;
  /** Held-out nats per character: exact at 1, a bound above. */
  readonly nats: number;
  /** Over validation's draws; null in runs from before it was kept. */
  readonly standardError: number | null;
}

/** Nats per character by block size as a run's newest validation has them; none for pictures. */
export function blockCurve({ config, latest }: Pick<Run, "config" | "latest">): BlockNats[] {
  return BLOCK_METRICS.flatMap((name, i) => {
    const blockSize = BLOCK_SIZES[i] ?? ("context" in config ? config.context : 0);
    const nats = latest[name] ?? null;
    return nats === null
      ? []
      : [{ blockSize, nats, standardError: latest[`${name}_error`] ?? null }];
  });
}

export interface AlignedCurve {
  readonly name: MetricName;
  readonly steps: readonly number[];
  /** One value for each step; null where a run has none. */
  readonly series: readonly {
    readonly runId: string;
    readonly values: readonly (number | null)[];
  }[];
}
