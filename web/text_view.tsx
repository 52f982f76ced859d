/** The viewer's presentation of runs whose samples are texts. */
import {
  blockMetrics,
  type Curves,
  type MetricName,
  type Run,
  textConfigOf,
  type TextEvaluation,
  type TextSample,
  type TextSampleFrame,
} from "../experiments/mod.ts";
import {
  blockChart,
  formatMeasured,
  formatNumber,
  lineChart,
  metricTitle,
} from "../figures/mod.ts";
import {
  baselineOf,
  chartFrame,
  emptyText,
  type ModalityView,
  pointsOf,
  seriesOf,
  trainingCharts,
} from "./modality_view.tsx";
import { TextEvaluationTable, writingText } from "./text_evaluations.tsx";
import { Samples } from "./picture_view.tsx";
import { measuredOrDash, stretchesOf, Time } from "./layout.tsx";

export const textView: ModalityView = {
  script: "verse.js",
  score({ run, baselines }) {
    const { nats_per_character } = run.latest;
    const ngrams = baselines === null
      ? ""
      : `, the best n-grams ${formatMeasured(Math.min(...baselines.ngrams))}`;
    return {
      name: "Nats per character",
      value: measuredOrDash(nats_per_character),
      note: run.baseline === null
        ? "held-out text, lower is better"
        : `held-out text; bigrams need ${formatMeasured(run.baseline)}${ngrams}`,
    };
  },
  sampling: ({ id }) => ({
    say: `Sample text from ${id} and show the film strip.`,
    arguments: { run: id, film_strip: true },
  }),
  evaluating: {
    missing: "This run has not been evaluated yet.",
    ask: ({ id }) => `How good is ${id}, and how good are its texts?`,
  },
  charts(run, curves) {
    const { loss, optimiser, throughput } = trainingCharts(run, curves);
    return {
      main: [loss, natsChart(run, curves)],
      more: [
        ...(textConfigOf(run).method === "blocks" ? [blockChart([run])] : []),
        ...(curves.gamma_half ? [levelsChart(run, curves)] : []),
        ...optimiser,
        throughput,
      ],
    };
  },
  comparisonCharts: (runs, colors) => [blockChart(runs, colors)],
  samples: (report, texts) =>
    texts.length > 0 ? <TextSamples samples={texts} /> : <Samples report={report} />,
  evaluations: (evaluations: readonly TextEvaluation[], named) => (
    <TextEvaluationTable evaluations={evaluations} named={named} />
  ),
};

/** The name of a block size in a legend. */
function blockLabel(size: number | undefined): string {
  if (size === undefined) return "whole windows";
  return size === 1 ? "blocks of 1" : String(size);
}

/** Held-out text by size of blocks, beside training text and a bigram model. */
function natsChart(run: Run, curves: Curves): string {
  const blocks = blockMetrics.map(({ name, blockSize }) => [name, blockLabel(blockSize)] as const);
  const measured = blocks.filter(([name]) => (curves[name]?.length ?? 0) > 0);
  return lineChart({
    ...chartFrame(run),
    title: metricTitle("nats_per_character"),
    subtitle: "held-out text, by size of blocks; lower is better",
    yScale: "linear",
    emptyText: emptyText(run, "nats_per_character"),
    series: [
      ...measured.map(([name, label], index) => seriesOf(label, curves[name], index)),
      ...(measured.length > 0
        ? [{ name: "training text", points: pointsOf(curves.train_nats), color: 6, dashed: true }]
        : []),
      ...(measured.length > 0 ? baselineOf(run, "bigrams") : []),
    ],
  });
}

const QUARTILES = [
  ["gamma_quarter", "a quarter below"],
  ["gamma_half", "half below"],
  ["gamma_three_quarters", "three quarters below"],
] as const satisfies readonly (readonly [MetricName, string])[];

/** Chart of the noise levels at which a run with an adaptive distribution trains. */
function levelsChart(run: Run, curves: Curves): string {
  return lineChart({
    ...chartFrame(run),
    title: "Noise levels drawn",
    subtitle: "-log SNR, as the run finds its bound to be made up",
    yScale: "linear",
    emptyText: emptyText(run, "nats_per_character"),
    series: QUARTILES.map(([name, label], index) => seriesOf(label, curves[name], index)),
  });
}

export function TextSamples({ samples }: { samples: readonly TextSample[] }) {
  return (
    <>
      {samples.toReversed().slice(0, 12).map((sample) => <TextFigure sample={sample} />)}
    </>
  );
}

function TextFigure({ sample }: { sample: TextSample }) {
  return (
    <figure class="written" id={sample.id}>
      <figcaption>
        <b>{sample.id}</b> {captionOf(sample)} · <Time at={sample.createdAt} />
      </figcaption>
      {sample.frames.length > 0 && <Film sample={sample} />}
      <div class="texts">
        {sample.texts.map((text) => <pre class="verse" tabindex={0}>{text}</pre>)}
      </div>
    </figure>
  );
}

/** "guided in blocks of 16, ddpm 64 steps, temperature 0.7, seed 0; step 500, 65 evaluations, 1.2 s". */
function captionOf({ settings, ...sample }: TextSample): string {
  return `${writingText(settings)}, seed ${settings.seed}; training step ` +
    `${sample.step.toLocaleString("en-US")}, ${sample.networkEvaluations} evaluations, ` +
    `${formatNumber(sample.seconds)} s${
      settings.made_by === "training" ? ", made while training" : ""
    }`;
}

/** The first text at every kept noise level; without a script all levels stand below each other. */
function Film({ sample }: { sample: TextSample }) {
  const last = sample.frames.length - 1;
  const label = `Noise level of ${sample.id}`;
  return (
    <div class="film">
      <input type="range" min="0" max={last} value={last} aria-label={label} hidden />
      {sample.frames.map((frame) => (
        <div class="frame">
          <p class="quiet">
            {levelOf(frame)}, mean confidence {confidenceText(frame)}
          </p>
          <pre class="verse" tabindex={0}>
            <span class="quiet">{[...sample.texts[0]!].slice(0, frame.start).join("")}</span>
            {stretchesOf({ text: frame.texts[0]!, confidence: frame.confidence[0]! }).map(({ text, tenth }) => <span class={`sure-${tenth}`}>{text}</span>)}
          </pre>
        </div>
      ))}
    </div>
  );
}

function levelOf({ gamma, masked }: TextSampleFrame): string {
  return gamma === null ? `${Math.round(100 * masked!)} % masked` : `−log SNR ${gamma.toFixed(1)}`;
}

function confidenceText({ confidence }: TextSampleFrame): string {
  const shares = confidence[0]!;
  return `${Math.round(100 * shares.reduce((sum, share) => sum + share, 0) / shares.length)} %`;
}
