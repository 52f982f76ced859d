/** Charts of runs: the figure of a comparison, sparklines, and nats per character by block size. */
import {
  type AlignedCurve,
  blockCurve,
  type Comparison,
  type LeaderboardRow,
  type MetricName,
  METRICS,
  type Run,
} from "../experiments/mod.ts";
import {
  FONT_FAMILY,
  formatMeasured,
  formatNumber,
  page,
  paper,
  seriesColor,
  seriesDash,
  type Theme,
} from "./theme.ts";
import { Chart, lineChart, type Series } from "./line_chart.tsx";
import { calmingHalfLife, type Point, smooth, thin } from "./series.ts";

const WIDTH = 880;
const CHART_HEIGHT = 280;
const LINE = 20;
const SHOWN_RUNS = 20;

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
      points: noisy ? smooth(points, calmingHalfLife(points.length)) : points,
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

/** Renders a comparison as SVG: denoising error, training loss and a legend. */
export function comparisonFigure(
  comparison: Comparison,
  options: { readonly theme?: Theme } = {},
): string {
  const theme = options.theme ?? paper;
  const colors = runColors(comparison);
  const curves = ([comparison.metric.name, "loss"] as const).flatMap((name) =>
    comparison.curves.filter((curve) => curve.name === name)
  );
  const rows = comparison.leaderboard.slice(0, SHOWN_RUNS);
  const left = comparison.leaderboard.length - rows.length;
  const height = CHART_HEIGHT + (rows.length + (left > 0 ? 1 : 0)) * LINE + 24;
  return String(
    <svg
      xmlns="http://www.w3.org/2000/svg"
      class="figure"
      viewBox={`0 0 ${WIDTH} ${height}`}
      width={WIDTH}
      height={height}
      role="img"
      aria-label={comparison.verdict}
      font-family={FONT_FAMILY}
      font-size="12"
    >
      {theme.background && <rect width={WIDTH} height={height} fill={theme.background} />}
      {curves.map((curve, index) => (
        <g transform={`translate(${index * WIDTH / 2} 0)`}>
          <Chart
            title={metricTitle(curve.name)}
            subtitle={curve.name === "loss"
              ? "smoothed; not comparable between targets"
              : "held-out images, lower is better"}
            xLabel="training step"
            yScale="log"
            xRange={[0, curve.steps.at(-1) ?? 1]}
            width={WIDTH / 2}
            height={CHART_HEIGHT}
            theme={theme}
            labels={false}
            series={alignedSeries(curve, colors)}
          />
        </g>
      ))}
      {rows.map((row, index) => (
        <g transform={`translate(16 ${CHART_HEIGHT + 18 + index * LINE})`}>
          <LegendLine row={row} color={colors.get(row.runId) ?? 0} theme={theme} />
        </g>
      ))}
      {left > 0 && (
        <text x="16" y={CHART_HEIGHT + 22 + rows.length * LINE} fill={theme.muted}>
          {`and ${left} more`}
        </text>
      )}
    </svg>,
  );
}

function LegendLine(props: { row: LeaderboardRow; color: number; theme: Theme }) {
  const { row, color, theme } = props;
  const error = row.score === null ? "no validation yet" : formatMeasured(row.score);
  return (
    <g>
      <line
        x1="0"
        x2="20"
        y1="-4"
        y2="-4"
        stroke={seriesColor(theme, color)}
        stroke-width="2.5"
        stroke-dasharray={seriesDash(theme, color)}
      />
      <text x="30" fill={theme.ink}>{row.runId}</text>
      <text x="150" fill={theme.ink}>{error}</text>
      <text x="260" fill={theme.muted}>{parameterText(row.parameters)}</text>
    </g>
  );
}

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
