/**
 * Line charts as SVG on d3's scales. A grammar of graphics (vega-lite) takes 100 to 250 ms to load, and does not
 * support CSS variables as colours, which light and dark mode need.
 */
import { type Axis, axis, type Point, type ScaleName, thin } from "./series.ts";
import {
  FONT_FAMILY,
  formatNumber,
  paper,
  seriesColor,
  seriesDash,
  textWidth,
  type Theme,
} from "./theme.ts";

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** Label at the end of the curve. By default the name; empty for none. */
  readonly label?: string;
  /** Palette index. By default the index of the series. */
  readonly color?: number;
  /** Whether to draw a faint line without a label, for the raw values behind a smoothed curve. */
  readonly faint?: boolean;
  readonly dashed?: boolean;
  /** Whether to draw dots at the points, for curves with few points. */
  readonly dots?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly subtitle?: string;
  readonly xLabel: string;
  readonly xScale?: ScaleName;
  readonly yScale?: ScaleName;
  readonly series: readonly Series[];
  /** Extends the x axis to this range, so that the remaining steps of a run are visible. */
  readonly xRange?: readonly [number, number];
  /** Limits the y axis, so that a diverged curve does not flatten the others. */
  readonly yRange?: readonly [number, number] | undefined;
  /** Whether to label the ends of the curves. By default if there are several names. */
  readonly labels?: boolean;
  /** Text of a chart without points. */
  readonly emptyText?: string;
  readonly width?: number;
  readonly height?: number;
  readonly theme?: Theme | undefined;
}

const FONT_SIZE = 12;
const MAX_POINTS = 400;

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** What all parts of a chart are drawn with. */
interface Plot {
  readonly frame: Frame;
  readonly x: Axis;
  readonly y: Axis;
  readonly theme: Theme;
}

/**
 * Renders a chart as an `<svg>` element. Values that are not finite (or, on a log scale, not positive) interrupt
 * the line.
 */
export function lineChart(chart: LineChart): string {
  return String(<Chart {...chart} />);
}

/** As {@link lineChart}, for use inside a larger figure. */
export function Chart(chart: LineChart) {
  const theme = chart.theme ?? paper;
  const named = chart.series.filter((series) => !series.faint && series.points.length > 0);
  const labelled = chart.labels ?? named.length > 1;
  const labelWidth = labelled
    ? Math.max(0, ...named.map((series) => textWidth(series.label ?? series.name, FONT_SIZE))) + 14
    : 0;
  const width = chart.width ?? 480;
  const height = chart.height ?? 280;
  const frame: Frame = {
    width,
    height,
    left: 52,
    right: width - 22 - Math.min(labelWidth, width * 0.35),
    top: chart.subtitle ? 52 : 38,
    bottom: height - 40,
  };
  const xs = chart.series.flatMap((series) => series.points.map((point) => point.x));
  const ys = chart.series.flatMap((series) => series.points.map((point) => point.y));
  const x = axis({
    values: [...xs, ...(chart.xRange ?? [])],
    range: [frame.left, frame.right],
    scale: chart.xScale ?? "linear",
    tickCount: Math.max(2, Math.floor((frame.right - frame.left) / 70)),
    nice: false,
  });
  const y = axis({
    values: chart.yRange ?? ys,
    range: [frame.bottom, frame.top],
    scale: chart.yScale ?? "linear",
    tickCount: Math.max(2, Math.floor((frame.bottom - frame.top) / 42)),
    nice: chart.yRange === undefined,
  });
  return (
    <svg
      xmlns="http://www.w3.org/2000/svg"
      class="chart"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={description(chart)}
      font-family={FONT_FAMILY}
      font-size={FONT_SIZE}
      data-plot={[frame.left, frame.top, frame.right, frame.bottom].join(" ")}
      data-x={chart.xLabel}
    >
      {theme.background && <rect width={width} height={height} fill={theme.background} />}
      <text x="16" y="22" font-size="13" font-weight="600" fill={theme.ink}>{chart.title}</text>
      {chart.subtitle && (
        <text x="16" y="39" font-size="11" fill={theme.muted}>{chart.subtitle}</text>
      )}
      <Grid
        frame={frame}
        x={x}
        y={xs.length === 0 ? { ...y, ticks: [] } : y}
        theme={theme}
        xLabel={chart.xLabel}
      />
      {chart.series.map((series, index) => (
        <Curve
          series={series}
          index={series.color ?? index}
          x={x}
          y={y}
          frame={frame}
          theme={theme}
          log={chart.yScale === "log"}
        />
      ))}
      {labelled && <EndLabels series={chart.series} x={x} y={y} frame={frame} theme={theme} />}
      {xs.length === 0 && (
        <text
          x={(frame.left + frame.right) / 2}
          y={(frame.top + frame.bottom) / 2}
          text-anchor="middle"
          fill={theme.muted}
        >
          {chart.emptyText ?? "No values yet"}
        </text>
      )}
    </svg>
  );
}

function description(chart: LineChart): string {
  const ends = chart.series.filter((series) => !series.faint).flatMap((series) => {
    const last = series.points.at(-1);
    return last === undefined ? [] : [`${series.name} ends at ${formatNumber(last.y)}`];
  });
  const said = ends.length > 6 ? [...ends.slice(0, 6), `and ${ends.length - 6} more`] : ends;
  return [chart.title, ...(said.length > 0 ? said : ["no values yet"])].join("; ");
}

function Grid({ frame, x, y, theme, xLabel }: Plot & { readonly xLabel: string }) {
  return (
    <g fill={theme.muted} font-size="11">
      {y.ticks.map(({ value, label }) => {
        const at = round(y.at(value));
        return (
          <g>
            <line x1={frame.left} x2={frame.right} y1={at} y2={at} stroke={theme.grid} />
            <text x={frame.left - 8} y={at + 4} text-anchor="end">{label}</text>
          </g>
        );
      })}
      {x.ticks.map(({ value, label }) => (
        <text x={round(x.at(value))} y={frame.bottom + 17} text-anchor="middle">{label}</text>
      ))}
      <line
        x1={frame.left}
        x2={frame.right}
        y1={frame.bottom}
        y2={frame.bottom}
        stroke={theme.muted}
        stroke-opacity="0.5"
      />
      <text x={frame.right} y={frame.bottom + 33} text-anchor="end">{xLabel}</text>
    </g>
  );
}

function Curve({ frame, x, y, theme, series, index, log }: Plot & {
  readonly series: Series;
  readonly index: number;
  readonly log: boolean;
}) {
  const points = thin(series.points, MAX_POINTS);
  const color = seriesColor(theme, index);
  const drawn = points.map((point) => ({
    ...point,
    px: round(x.at(point.x)),
    py: round(Math.min(frame.bottom + 1, Math.max(frame.top - 1, y.at(point.y)))),
    visible: Number.isFinite(point.y) && (!log || point.y > 0),
  }));
  const line = drawn.map((point, i) =>
    point.visible ? `${drawn[i - 1]?.visible ? "L" : "M"}${point.px} ${point.py}` : ""
  ).join("");
  const shown = drawn.filter((point) => point.visible);
  return (
    <g>
      <path
        d={line}
        fill="none"
        stroke={color}
        stroke-width={series.faint ? 1 : 1.8}
        stroke-opacity={series.faint ? 0.3 : 1}
        stroke-linejoin="round"
        stroke-linecap="round"
        stroke-dasharray={series.dashed ? "5 4" : seriesDash(theme, index)}
        data-name={series.faint ? undefined : series.name}
        data-points={series.faint
          ? undefined
          : shown.map(({ px, py, x, y }) => `${px} ${py} ${x} ${Number(y.toPrecision(4))}`)
            .join(";")}
      />
      {(series.dots || shown.length === 1) &&
        shown.map((point) => (
          <circle cx={point.px} cy={point.py} r={shown.length === 1 ? 3 : 2.4} fill={color} />
        ))}
    </g>
  );
}

/** Labels at the ends of the curves, moved apart if they overlap. */
function EndLabels({ frame, y, theme, series }: Plot & { readonly series: readonly Series[] }) {
  const labels = series.flatMap(({ name, label = name, points, faint, color }, index) => {
    const end = points.findLast((point) => Number.isFinite(y.at(point.y)));
    if (faint || label === "" || end === undefined) return [];
    const place = Math.min(frame.bottom, Math.max(frame.top, y.at(end.y)));
    return [{ label, y: place, color: color ?? index }];
  }).sort((a, b) => a.y - b.y);
  spread(labels, FONT_SIZE + 2, frame.top, frame.bottom);
  return (
    <g>
      {labels.map((label) => (
        <text
          x={frame.right + 8}
          y={round(label.y + 4)}
          fill={seriesColor(theme, label.color)}
        >
          {label.label}
        </text>
      ))}
    </g>
  );
}

/** Moves sorted labels until neighbours are `gap` apart within [top, bottom]. */
function spread(labels: { y: number }[], gap: number, top: number, bottom: number): void {
  let lowest = top - gap;
  for (const label of labels) {
    label.y = Math.max(label.y, lowest + gap);
    lowest = label.y;
  }
  let highest = bottom + gap;
  for (const label of labels.toReversed()) {
    label.y = Math.min(label.y, highest - gap);
    highest = label.y;
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
