/**
 * The parts of pages that depend on the presentation of a modality, the charts that all runs share, and the
 * plainest presentation: tables of the fields of samples and evaluations.
 */
import { capital } from "../engine/host/mod.ts";
import type { staticUrl } from "./static_files.ts";
import type { Child } from "hono/jsx";
import {
  type Curves,
  type Evaluation,
  type MetricName,
  metricOf,
  type MetricPoint,
  METRICS,
  type Run,
  type RunReport,
  type TextSample,
} from "../experiments/mod.ts";
import {
  formatMeasured,
  lineChart,
  metricTitle,
  pageTheme,
  type Point,
  type Series,
  smooth,
  smoothingHalfLife,
} from "../figures/mod.ts";
import { measuredOrDash, runUrl } from "./layout.tsx";

/** A number on a page with its name and meaning. */
interface FactText {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}

/** A suggested request to an assistant, and the corresponding tool call. */
interface Suggestion {
  readonly say: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** The parts of the pages of a run for one presentation. */
export interface ModalityView {
  /** Name of the client script of the page. */
  readonly script: Parameters<typeof staticUrl>[0];
  /** Returns the ranking metric and its baseline. */
  score(report: RunReport): FactText;
  /** Suggests a call of `sample`. */
  sampling(run: Run): Suggestion;
  /** Suggestion for runs without evaluations. */
  readonly evaluating: { readonly missing: string; ask(run: Run): string };
  charts(run: Run, curves: Curves): RunCharts;
  /** Returns charts of several runs that only this presentation has. */
  comparisonCharts(runs: readonly Run[], colors: ReadonlyMap<string, number>): string[];
  samples(report: RunReport, texts: readonly TextSample[]): Child;
  /** @param named Whether the rows show their run. */
  evaluations(evaluations: readonly Evaluation[], named: boolean): Child;
}

/** The two most important charts, and the others. */
interface RunCharts {
  readonly main: readonly string[];
  readonly more: readonly string[];
}

/** Returns axes and theme of the charts of a run. */
export function chartFrame(run: Run) {
  return { xLabel: "training step", xRange: [0, run.steps], theme: pageTheme } as const;
}

/** Returns the baseline of a run as a dashed line, if it is known. */
export function baselineOf(run: Run, name: string): Series[] {
  if (run.baseline === null) return [];
  const points = [{ x: 0, y: run.baseline }, { x: run.steps, y: run.baseline }];
  return [{ name, points, color: 7, dashed: true }];
}

/**
 * Returns a function that renders charts of one curve each.
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
      yScale: METRICS[name]!.logarithmic ? "log" : "linear",
      emptyText: emptyText(run, name),
      series: smoothed
        ? smoothedSeries(metricTitle(name), points, color)
        : [seriesOf(metricTitle(name), curves[name], color)],
      yRange: chart.fromZero ? fromZero(curves[name]) : undefined,
    });
  };
}

/** The charts of every training: its loss, how it is optimised, and how fast it is. */
export function trainingCharts(run: Run, curves: Curves) {
  const single = singleCharts(run, curves);
  return {
    loss: single("loss", "smoothed, over the raw values", { color: 0, smoothed: true }),
    optimiser: [
      single("gradient_norm", "before clipping", { color: 4, smoothed: true }),
      single("learning_rate", "AdamW", { color: 3 }),
    ],
    throughput: single("examples_per_second", "training throughput", {
      color: 2,
      smoothed: true,
      fromZero: true,
    }),
  };
}

function smoothedSeries(name: string, points: readonly Point[], color: number): Series[] {
  const halfLife = smoothingHalfLife(points.length);
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

/** Returns a curve as a series, with dots where it has few points. */
export function seriesOf(
  name: string,
  curve: readonly MetricPoint[] | undefined,
  color: number,
): Series {
  return { name, points: pointsOf(curve), color, dots: (curve?.length ?? 0) <= 20 };
}

function fromZero(curve: readonly MetricPoint[] | undefined): readonly [number, number] {
  const highest = (curve ?? []).reduce((most, { value }) => Math.max(most, value), 0);
  return [0, highest * 1.1 || 1];
}

export function emptyText(run: Run, name: MetricName): string {
  if (run.status === "queued") return "Waiting for its turn";
  if (run.status !== "running") return "Nothing was recorded";
  const first = name === metricOf(run).name || name === "validation_loss"
    ? run.config.validate_every
    : run.config.log_every;
  return `First value at step ${first.toLocaleString("en-US")}`;
}

export const tableView: ModalityView = {
  script: "films.js",
  score({ run }) {
    const { name, title, baseline } = metricOf(run);
    const value = run.latest[name];
    return {
      name: capital(title),
      value: measuredOrDash(value),
      note: run.baseline === null
        ? "held-out data, lower is better"
        : `held-out data; ${baseline}: ${formatMeasured(run.baseline)}`,
    };
  },
  sampling: ({ id }) => ({ say: `Draw a sample from ${id}.`, arguments: { run: id } }),
  evaluating: {
    missing: "This run has not been evaluated yet.",
    ask: ({ id }) => `How good is ${id}?`,
  },
  charts(run, curves) {
    const single = singleCharts(run, curves);
    const { loss, optimiser } = trainingCharts(run, curves);
    const metric = single(metricOf(run).name, "held-out data; lower is better", { color: 1 });
    return { main: [loss, metric], more: optimiser };
  },
  comparisonCharts: () => [],
  samples: (_, samples) => (
    <>
      {samples.toReversed().slice(0, 12).map((sample) => <SampleFields sample={sample} />)}
    </>
  ),
  evaluations: (evaluations, named) => <Numbers evaluations={evaluations} named={named} />,
};

function SampleFields({ sample }: { sample: TextSample }) {
  return (
    <figure class="written" id={sample.id}>
      <figcaption>
        <b>{sample.id}</b> training step {sample.step.toLocaleString("en-US")}
      </figcaption>
      <pre tabindex={0}>{JSON.stringify(sample, null, 2)}</pre>
    </figure>
  );
}

/** A table of evaluations with a note below it, which may be wider than the page. */
export function EvaluationTable(
  props: { label: string; head: readonly string[]; note?: Child; children?: Child },
) {
  return (
    <div class="wide" tabindex={0} role="group" aria-label={props.label}>
      <table>
        <thead>
          <tr>{props.head.map((name) => <th scope="col">{name}</th>)}</tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
      {props.note && <p class="quiet">{props.note}</p>}
    </div>
  );
}

/** One row for each evaluation, and a column for each result that is a number. */
function Numbers({ evaluations, named }: { evaluations: readonly Evaluation[]; named: boolean }) {
  const rows = evaluations.map((evaluation) => ({
    ...evaluation,
    numbers: new Map(
      Object.entries(evaluation.results).filter((field) => typeof field[1] === "number"),
    ),
  }));
  const names = [...new Set(rows.flatMap(({ numbers }) => [...numbers.keys()]))];
  return (
    <EvaluationTable label="Evaluations" head={[named ? "run" : "training step", ...names]}>
      {rows.map(({ runId, step, numbers }) => (
        <tr>
          <th scope="row">
            {named ? <a href={runUrl(runId)}>{runId}</a> : step.toLocaleString("en-US")}
          </th>
          {names.map((name) => <td>{measuredOrDash(numbers.get(name))}</td>)}
        </tr>
      ))}
    </EvaluationTable>
  );
}
