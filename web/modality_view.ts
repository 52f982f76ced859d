/** What the pages show of runs in ways that depend on their modality, and the charts common to all. */
import type { staticUrl } from "./static_files.ts";
import type { Child } from "hono/jsx";
import type {
  Curves,
  Evaluation,
  MetricName,
  MetricPoint,
  Run,
  RunReport,
  TextSample,
} from "../experiments/mod.ts";
import {
  calmingHalfLife,
  lineChart,
  metricTitle,
  pageTheme,
  type Point,
  type Series,
  smooth,
} from "../figures/mod.ts";

/** A page's note on a number: its name, its value, and what it means. */
export interface FactText {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}

/** What an assistant can be asked, and the call that answers it. */
export interface Suggestion {
  readonly say: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What the pages show of a run in a way of its own, depending on its modality. */
export interface ModalityView {
  /** Name of the client script of a run's page. */
  readonly script: Parameters<typeof staticUrl>[0];
  /** The kind of network, in a word. */
  network(run: Run): string;
  /** What the training loss is of, in a few words. */
  objective(run: Run): string;
  /** The metric that ranks runs, beside its baseline. */
  score(report: RunReport): FactText;
  /** A call of `sample` that shows something. */
  sampling(run: Run): Suggestion;
  /** What to ask where nothing was evaluated yet. */
  readonly evaluating: { readonly missing: string; ask(run: Run): string };
  charts(run: Run, curves: Curves): RunCharts;
  /** A chart of several runs that only this modality has. */
  comparisonCharts(runs: readonly Run[], colors: ReadonlyMap<string, number>): string[];
  samples(report: RunReport, texts: readonly TextSample[]): Child;
  /** @param named Whether each row says which run it is of. */
  evaluations(evaluations: readonly Evaluation[], named: boolean): Child;
}

/** The two charts that matter most, then the rest. */
export interface RunCharts {
  readonly main: readonly string[];
  readonly more: readonly string[];
}

/** The axes and the theme of every chart of a run. */
export interface ChartFrame {
  readonly xLabel: string;
  readonly xRange: readonly [number, number];
  readonly theme: typeof pageTheme;
}

export function chartFrame(run: Run): ChartFrame {
  return { xLabel: "training step", xRange: [0, run.steps], theme: pageTheme };
}

/** The value of a run's baseline as a dashed line across its chart; nothing before it is known. */
export function baselineOf(run: Run, name: string): Series[] {
  if (run.baseline === null) return [];
  const points = [{ x: 0, y: run.baseline }, { x: run.steps, y: run.baseline }];
  return [{ name, points, color: 7, dashed: true }];
}

/** Metrics that span several orders of magnitude. */
const LOGARITHMIC: readonly MetricName[] = ["loss", "validation_loss", "gradient_norm"];

/**
 * Makes charts of one curve each.
 *
 * @param chart.smoothed Draws a moving average over the raw values.
 * @param chart.fromZero Lets the axis begin at zero.
 */
export function singleCharts(run: Run, curves: Curves) {
  return (
    name: MetricName,
    subtitle: string,
    chart: { readonly color: number; readonly smoothed?: boolean; readonly fromZero?: boolean },
  ): string => {
    const { color, smoothed = false } = chart;
    const points = pointsOf(curves[name]);
    return lineChart({
      ...chartFrame(run),
      title: metricTitle(name),
      subtitle,
      labels: false,
      yScale: LOGARITHMIC.includes(name) ? "log" : "linear",
      emptyText: emptyText(run, name),
      series: smoothed
        ? calmed(metricTitle(name), points, color)
        : [{ name: metricTitle(name), points, color, dots: few(curves[name]) }],
      yRange: chart.fromZero ? fromZero(curves[name]) : undefined,
    });
  };
}

function calmed(name: string, points: readonly Point[], color: number): Series[] {
  const halfLife = calmingHalfLife(points.length);
  if (halfLife === 0) return [{ name, points, color }];
  return [{ name: "raw", points, color, faint: true }, {
    name,
    points: smooth(points, halfLife),
    color,
  }];
}

export function pointsOf(curve: readonly MetricPoint[] | undefined): Point[] {
  return (curve ?? []).map(({ step, value }) => ({ x: step, y: value }));
}

export function few(curve: readonly MetricPoint[] | undefined): boolean {
  return (curve?.length ?? 0) <= 20;
}

function fromZero(curve: readonly MetricPoint[] | undefined): readonly [number, number] {
  const highest = (curve ?? []).reduce((most, { value }) => Math.max(most, value), 0);
  return [0, highest * 1.1 || 1];
}

export function emptyText(run: Run, name: MetricName): string {
  if (run.status === "queued") return "Waiting for its turn";
  if (run.status !== "running") return "Nothing was recorded";
  const first =
    name.startsWith("denoising") || name.startsWith("nats") || name === "validation_loss"
      ? run.config.validate_every
      : run.config.log_every;
  return `First value at step ${first.toLocaleString("en-US")}`;
}
