/** Charts of runs: aligned curves of compared runs, sparklines, and nats per character by block size. */
// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
import {
  type AlignedCurve,
  blockCurve,
  type Comparison,
  type MetricName,
  METRICS,
  type Run,
} from "../experiments/mod.ts";
import { lineChart, type Series } from "./line_chart.tsx";
import { type Point, smooth, smoothingHalfLife, thin } from "./series.ts";
import { formatNumber, page, seriesColor } from "./theme.ts";

/** Returns the title of a metric. */
export function metricTitle(name: MetricName): string {
  return METRICS[name]?.title ?? name;
}

/**
 * Returns the palette index of each run. Runs that differ only in their seed have the same colour, so that
 * configurations are compared and seeds appear as their spread.
 */
export function runColors(comparison: Comparison): ReadonlyMap<string, number> {
  return new Map(
    comparison.groups.flatMap((group, index) => group.runIds.map((id) => [id, index] as const)),
  );
}

/** Returns the curves of a metric for all compared runs; training losses are smoothed. */
export function alignedSeries(curve: AlignedCurve, colors: ReadonlyMap<string, number>): Series[] {
  return curve.series.map(({ runId, values }) => {
    const points = curve.steps.flatMap((step, index) => {
      const value = values[index];
      return value === null || value === undefined ? [] : [{ x: step, y: value }];
    });
    const noisy = METRICS[curve.name]?.noisy ?? false;
    return {
      name: runId,
      points: noisy ? smooth(points, smoothingHalfLife(points.length)) : points,
      dots: !noisy && points.length <= 12,
      color: colors.get(runId) ?? 0,
    };
  });
}

/** Describes the differing parameters of a run: "schedule cosine · seed 1". */
export function parameterText(parameters: Readonly<Record<string, string | number>>): string {
  return Object.entries(parameters).map(([name, value]) =>
    `${name} ${typeof value === "number" ? formatNumber(value, 4) : value}`
  ).join(" · ");
}

/**
 * Renders a sparkline without axes, with a dot at the last value. The y axis is logarithmic if all values are
 * positive. Empty input gives an empty picture.
 */
export function sparkline(points: readonly Point[], options: {
  readonly label: string;
  /** End of the x axis, so that the line of a running run fills from left to right. */
  readonly xEnd?: number | undefined;
}): string {
  const [width, height] = [112, 28];
  const color = seriesColor(page, 0);
  const finite = thin(points.filter((point) => Number.isFinite(point.y)), 60);
  const positive = finite.every((point) => point.y > 0);
  const value = (y: number) => positive ? Math.log(y) : y;
  const ys = finite.map((point) => value(point.y));
  const low = Math.min(...ys);
  const span = Math.max(...ys) - low || 1;
  const first = finite[0]?.x ?? 0;
  const length = Math.max(finite.at(-1)?.x ?? 1, options.xEnd ?? 0) - first || 1;
  const x = scaleLinear([first, first + length], [3, width - 3]);
  const y = scaleLinear([low, low + span], [height - 3, 3]);
  const places = finite.map((point) => [x(point.x).toFixed(1), y(value(point.y)).toFixed(1)]);
  const end = places.at(-1);
  return String(
    <svg
      xmlns="http://www.w3.org/2000/svg"
      class="sparkline"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={options.label}
    >
      {places.length > 1 && (
        <path
          d={`M${places.map((pair) => pair.join(" ")).join("L")}`}
          fill="none"
          stroke={color}
          stroke-width="1.5"
          stroke-linejoin="round"
        />
      )}
      {end && <circle cx={end[0]} cy={end[1]} r="2.2" fill={color} />}
    </svg>,
  );
}

/** Renders nats per character over block size for a page, one curve or point for each text run. */
export function blockChart(
  runs: readonly Run[],
  colors: ReadonlyMap<string, number> = new Map(),
): string {
  const series = runs.map((run): Series => ({
    name: run.id,
    points: blockCurve(run).map(({ blockSize, nats }) => ({ x: blockSize, y: nats })),
    dots: true,
    color: colors.get(run.id) ?? 0,
  }));
  return lineChart({
    title: "Nats per character by size of blocks",
    subtitle:
      "tokens (by default characters) written at once: 1 is left to right, exact; more is a bound",
    xLabel: "tokens in a block",
    xScale: "log",
    series,
    labels: series.length > 1,
    emptyText: "Nothing was validated yet",
    theme: page,
  });
}
