import { Buffer } from "node:buffer";
import type { ScheduleFacts, ScheduleReport } from "../experiments/mod.ts";
import { FONT_FAMILY, formatNumber, page, paper, seriesColor, type Theme } from "./theme.ts";
import { Chart } from "./line_chart.tsx";
import { encodePng, toBytes } from "./png.tsx";

const WIDTH = 880;
const CHART_HEIGHT = 250;
const TILE_GAP = 6;

/**
 * Renders noise schedules as SVG: log-SNR, signal and noise over time and, for each schedule, the forward process
 * on a real digit with the same noise at every time.
 */
export async function scheduleFigure(report: ScheduleReport): Promise<string> {
  const theme = paper;
  const { height, width } = report.digit;
  const times = Math.max(...report.schedules.map((facts) => facts.forward.length));
  const tile = tileSize(times);
  const rows = await Promise.all(report.schedules.map(async (facts) => ({
    facts,
    tiles: await Promise.all(
      facts.forward.map((moment) => tileUri(moment.pixels, height, width, Math.ceil(tile / width))),
    ),
  })));
  const rowHeight = tile + 66;
  const total = CHART_HEIGHT + 12 + rows.length * rowHeight + 12;
  return String(
    <svg
      xmlns="http://www.w3.org/2000/svg"
      class="figure"
      viewBox={`0 0 ${WIDTH} ${total}`}
      width={WIDTH}
      height={total}
      role="img"
      aria-label={`Noise schedules ${names(report)}. ${report.summary}`}
      font-family={FONT_FAMILY}
      font-size="12"
    >
      <rect width={WIDTH} height={total} fill={theme.background ?? "none"} />
      <LogSnrChart report={report} theme={theme} />
      <g transform={`translate(${WIDTH / 2} 0)`}>
        <SignalChart report={report} theme={theme} />
      </g>
      {rows.map((row, index) => (
        <g transform={`translate(16 ${CHART_HEIGHT + 12 + index * rowHeight})`}>
          <ForwardRow {...row} index={index} tile={tile} theme={theme} />
        </g>
      ))}
    </svg>,
  );
}

/** Returns the charts of {@link scheduleFigure} for a page: log-SNR, and signal and noise. */
export function scheduleCharts(report: ScheduleReport): [string, string] {
  return [
    String(<LogSnrChart report={report} theme={page} />),
    String(<SignalChart report={report} theme={page} />),
  ];
}

/** Renders the forward process of a schedule as PNG: the tiles side by side, without scaling. */
export function forwardStrip(
  facts: ScheduleFacts,
  tile: { readonly height: number; readonly width: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const { height, width } = tile;
  const stride = width * facts.forward.length;
  const data = new Uint8Array(height * stride);
  facts.forward.forEach((moment, index) => {
    const bytes = toBytes(moment.pixels, width);
    for (let row = 0; row < height; row++) {
      data.set(bytes.subarray(row * width, (row + 1) * width), row * stride + index * width);
    }
  });
  return encodePng({ width: stride, height, channels: 1, data });
}

function names(report: ScheduleReport): string {
  return report.schedules.map((facts) => facts.name).join(", ");
}

/** What both charts have in common. */
const CHART = { xLabel: "time t", width: WIDTH / 2, height: CHART_HEIGHT, labels: true } as const;

/** Chart of −γ(t) = log SNR of each schedule. */
function LogSnrChart(props: { report: ScheduleReport; theme: Theme }) {
  return (
    <Chart
      {...CHART}
      title="Log signal-to-noise ratio"
      theme={props.theme}
      series={props.report.schedules.map((facts) => ({
        name: facts.name,
        points: facts.curve.map(({ t, gamma }) => ({ x: t, y: -gamma })),
      }))}
    />
  );
}

/** Chart of α(t), solid, and σ(t), dashed, of each schedule. */
function SignalChart(props: { report: ScheduleReport; theme: Theme }) {
  return (
    <Chart
      {...CHART}
      title="Signal α (solid) and noise σ (dashed)"
      theme={props.theme}
      yRange={[0, 1]}
      series={props.report.schedules.flatMap((facts, color) => [
        {
          name: `α ${facts.name}`,
          color,
          points: facts.curve.map(({ t, alpha }) => ({ x: t, y: alpha })),
        },
        {
          name: `σ ${facts.name}`,
          color,
          dashed: true,
          points: facts.curve.map(({ t, sigma }) => ({ x: t, y: sigma })),
        },
      ])}
    />
  );
}

function ForwardRow(props: {
  facts: ScheduleFacts;
  tiles: readonly string[];
  index: number;
  tile: number;
  theme: Theme;
}) {
  const { facts, tiles, tile, theme } = props;
  const marks = { good: "✓", caution: "!", bad: "✗" };
  return (
    <g>
      <text y="12" font-size="13" font-weight="600" fill={seriesColor(theme, props.index)}>
        {facts.name}
        <tspan dx="14" font-size="11" font-weight="400" fill={theme.muted}>
          {`${marks[facts.terminal.level]} ${remark(facts)}`}
        </tspan>
      </text>
      {tiles.map((uri, column) => {
        const x = column * (tile + TILE_GAP);
        const point = facts.forward[column]?.point;
        return (
          <g>
            <image x={x} y={22} width={tile} height={tile} href={uri} />
            <text
              x={x + tile / 2}
              y={22 + tile + 15}
              text-anchor="middle"
              font-size="11"
              fill={theme.muted}
            >
              {point ? `t ${formatNumber(point.t, 2)}` : ""}
            </text>
          </g>
        );
      })}
    </g>
  );
}

function remark({ leftoverSignal, halfInformation }: ScheduleFacts): string {
  const left = formatNumber(100 * leftoverSignal, 2);
  const half = formatNumber(halfInformation.t, 2);
  return `${left} % of the signal is left at t = 1; half of the information is gone at t = ${half}`;
}

function tileSize(count: number): number {
  const room = (WIDTH - 32 - TILE_GAP * (count - 1)) / count;
  return Math.floor(Math.min(112, room));
}

/** Returns an image as a data URI, scaled by nearest neighbour so that viewers do not blur it. */
async function tileUri(
  pixels: Float32Array,
  height: number,
  width: number,
  scale: number,
): Promise<string> {
  const bytes = toBytes(pixels, width);
  const data = new Uint8Array(height * width * scale * scale);
  for (let row = 0; row < height * scale; row++) {
    for (let column = 0; column < width * scale; column++) {
      data[row * width * scale + column] =
        bytes[Math.floor(row / scale) * width + Math.floor(column / scale)] ?? 0;
    }
  }
  const png = await encodePng({ width: width * scale, height: height * scale, channels: 1, data });
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}
