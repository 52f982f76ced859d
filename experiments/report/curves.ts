/** Thinning and aligning curves. */
import {
  BLOCK_METRICS,
  BLOCK_SIZES,
  type Curves,
  type MetricName,
  type MetricPoint,
} from "../store/metrics.ts";
import type { Run } from "../store/run.ts";

/** Returns at most `count` (at least 2) evenly spaced points, including the first and the last. */
export function thin(points: readonly MetricPoint[], count: number): readonly MetricPoint[] {
  if (points.length <= count) return points;
  const last = points.length - 1;
  return Array.from({ length: count }, (_, i) => points[Math.round(i * last / (count - 1))]!);
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

/** Applies {@link thin} to every curve. */
export function thinned(curves: Curves, maxPoints: number): Curves {
  return Object.fromEntries(
    Object.entries(curves).map(([name, points]) => [name, thin(points, maxPoints)]),
  );
}

export interface BlockNats {
  /** Number of tokens in a block; 1 is autoregressive. */
  readonly blockSize: number;
  /** Held-out nats per character: exact at 1, a bound above. */
  readonly nats: number;
  /** Standard error over the draws of validation; null for old runs. */
  readonly standardError: number | null;
}

/** Returns nats per character by block size from the newest validation; empty for image runs. */
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
  /** One value for each step, or null. */
  readonly series: readonly {
    readonly runId: string;
    readonly values: readonly (number | null)[];
  }[];
}
