/** Sparklines, and the chart of nats per character by block size. */
import { type Point, thin } from "./series.ts";
import { page, seriesColor, type Theme } from "./theme.ts";
import { blockCurve, type Run } from "../experiments/mod.ts";
import { lineChart, type Series } from "./line_chart.tsx";

/**
 * Renders a sparkline without axes, with a dot at the last value. The y axis is logarithmic if all values are
 * positive. Empty input gives an empty picture.
 */
export function sparkline(points: readonly Point[], options: {
  readonly label: string;
  readonly width?: number;
  readonly height?: number;
  readonly color?: number;
  /** End of the x axis, so that the line of a running run fills from left to right. */
  readonly xEnd?: number | undefined;
  readonly theme?: Theme | undefined;
}): string {
  const { width = 112, height = 28, color = 0, theme = page } = options;
  const finite = thin(points.filter((point) => Number.isFinite(point.y)), 60);
  const positive = finite.every((point) => point.y > 0);
  const value = (y: number) => positive ? Math.log(y) : y;
  const ys = finite.map((point) => value(point.y));
  const low = Math.min(...ys);
  const span = Math.max(...ys) - low || 1;
  const first = finite[0]?.x ?? 0;
  const length = Math.max(finite.at(-1)?.x ?? 1, options.xEnd ?? 0) - first || 1;
  const place = (point: Point) => [
    (3 + (point.x - first) / length * (width - 6)).toFixed(1),
    (3 + (1 - (value(point.y) - low) / span) * (height - 6)).toFixed(1),
  ];
  const places = finite.map(place);
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
          stroke={seriesColor(theme, color)}
          stroke-width="1.5"
          stroke-linejoin="round"
        />
      )}
      {end && <circle cx={end[0]} cy={end[1]} r="2.2" fill={seriesColor(theme, color)} />}
    </svg>,
  );
}

/** Renders nats per character over block size, one curve or point for each text run. */
export function blockChart(
  runs: readonly Run[],
  options: { readonly theme?: Theme | undefined; readonly colors?: ReadonlyMap<string, number> } =
    {},
): string {
  const series = runs.map((run): Series => ({
    name: run.id,
    points: blockCurve(run).map(({ blockSize, nats }) => ({ x: blockSize, y: nats })),
    dots: true,
    color: options.colors?.get(run.id) ?? 0,
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
    theme: options.theme,
  });
}
