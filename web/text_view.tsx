/** How the pages show runs on text. */
import {
  BLOCK_METRICS,
  BLOCK_SIZES,
  type Curves,
  type Evaluation,
  type MetricName,
  type Run,
  textConfigOf,
  type TextEvaluation,
} from "../experiments/mod.ts";
import {
  blockChart,
  formatMeasured,
  lineChart,
  metricTitle,
  pageTheme,
  type Series,
} from "../figures/mod.ts";
import { chartFrame, emptyText, few, pointsOf, singleCharts } from "./run_charts.ts";
import { TextEvaluationTable } from "./text_evaluations.tsx";
import { TextSamples } from "./text_samples.tsx";
import { Samples } from "./run_samples.tsx";
import type { ModalityView } from "./modality_view.ts";

export const textView: ModalityView = {
  script: "verse.js",
  network: () => "transformer",
  objective: (run) => `learns by ${textConfigOf(run).method}`,
  score({ run, baselines }) {
    const { nats_per_character } = run.latest;
    const ngrams = baselines === null
      ? ""
      : `, the best n-grams ${formatMeasured(Math.min(...baselines.ngrams))}`;
    return {
      name: "Nats per character",
      value: nats_per_character === undefined ? "–" : formatMeasured(nats_per_character),
      note: run.baseline === null
        ? "held-out text, lower is better"
        : `held-out text; bigrams need ${formatMeasured(run.baseline)}${ngrams}`,
    };
  },
  sampling: ({ id }) => ({
    say: `Let ${id} write, and show how it comes out of the noise.`,
    arguments: { run: id, film_strip: true },
  }),
  evaluating: {
    missing: "It was not measured yet.",
    ask: ({ id }) => `How well does ${id} know English, and how does it write?`,
  },
  charts(run, curves) {
    const single = singleCharts(run, curves);
    return {
      main: [
        single("loss", "smoothed, over the raw values", { color: 0, smoothed: true }),
        natsChart(run, curves),
      ],
      more: [
        ...(textConfigOf(run).method === "blocks" ? [blockChart([run], { theme: pageTheme })] : []),
        ...(curves.gamma_half ? [levelsChart(run, curves)] : []),
        single("gradient_norm", "before clipping", { color: 4, smoothed: true }),
        single("learning_rate", "AdamW", { color: 3 }),
        single("examples_per_second", "training throughput", {
          color: 2,
          smoothed: true,
          fromZero: true,
        }),
      ],
    };
  },
  comparisonCharts: (runs, colors) => [blockChart(runs, { theme: pageTheme, colors })],
  samples: (report, texts) =>
    texts.length > 0 ? <TextSamples samples={texts} /> : <Samples report={report} />,
  evaluations: (evaluations, named) => (
    <TextEvaluationTable evaluations={evaluations.filter(isOfText)} named={named} />
  ),
};

function isOfText(evaluation: Evaluation): evaluation is TextEvaluation {
  return evaluation.modality === "text";
}

/** What a size of blocks is called in a legend. */
function blockLabel(size: number | undefined): string {
  if (size === undefined) return "whole windows";
  return size === 1 ? "blocks of 1" : String(size);
}

/** Held-out text by size of blocks, beside training text and a bigram model. */
function natsChart(
  run: Run,
  curves: Curves,
): string {
  const blocks = BLOCK_METRICS.map((name, i) => [name, blockLabel(BLOCK_SIZES[i])] as const);
  const measured = blocks.filter(([name]) => (curves[name]?.length ?? 0) > 0);
  const bigrams: Series[] = run.baseline === null || measured.length === 0 ? [] : [{
    name: "bigrams",
    points: [{ x: 0, y: run.baseline }, { x: run.steps, y: run.baseline }],
    color: 7,
    dashed: true,
  }];
  return lineChart({
    ...chartFrame(run),
    title: metricTitle("nats_per_character"),
    subtitle: "held-out text, by size of blocks; lower is better",
    yScale: "linear",
    emptyText: emptyText(run, "nats_per_character"),
    series: [
      ...measured.map(([name, label], index): Series => ({
        name: label,
        points: pointsOf(curves[name]),
        color: index,
        dots: few(curves[name]),
      })),
      ...(measured.length > 0
        ? [{ name: "training text", points: pointsOf(curves.train_nats), color: 6, dashed: true }]
        : []),
      ...bigrams,
    ],
  });
}

const QUARTILES = [
  ["gamma_quarter", "a quarter below"],
  ["gamma_half", "half below"],
  ["gamma_three_quarters", "three quarters below"],
] as const satisfies readonly (readonly [MetricName, string])[];

/** Where training looks, in a run whose levels adapt. */
function levelsChart(
  run: Run,
  curves: Curves,
): string {
  return lineChart({
    ...chartFrame(run),
    title: "Noise levels drawn",
    subtitle: "-log SNR, as the run finds its bound to be made up",
    yScale: "linear",
    emptyText: emptyText(run, "nats_per_character"),
    series: QUARTILES.map(([name, label], index): Series => ({
      name: label,
      points: pointsOf(curves[name]),
      color: index,
      dots: few(curves[name]),
    })),
  });
}
