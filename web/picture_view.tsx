/** The viewer's presentation of runs whose samples are pictures. */
import type {
  Curves,
  ImageEvaluation,
  MetricName,
  Run,
  RunReport,
  Sample,
} from "../experiments/mod.ts";
import { formatNumber, lineChart, metricTitle, type Series } from "../figures/mod.ts";
import { Ask, creationStamp, measuredOrDash, runUrl, SampleFigure, Time } from "./layout.tsx";
import {
  baselineOf,
  chartFrame,
  emptyText,
  EvaluationTable,
  type ModalityView,
  pointsOf,
  seriesOf,
  singleCharts,
  trainingCharts,
} from "./modality_view.tsx";

export const pictureView: ModalityView = {
  script: "films.js",
  score({ run: { latest: { denoising_mse } }, relativeError }) {
    return {
      name: "Denoising error",
      value: measuredOrDash(denoising_mse),
      note: relativeError === null
        ? "held-out images, lower is better"
        : `${formatNumber(100 * relativeError)} % of a model that learnt nothing`,
    };
  },
  sampling: ({ id }) => ({
    say: `Sample ${id} with guidance 3 and show the film strip.`,
    arguments: { run: id, guidance_scale: 3, film_strip: true },
  }),
  evaluating: {
    missing: "This run has not been evaluated yet.",
    ask: ({ id }) => `How good are the pictures of ${id}?`,
  },
  charts(run, curves) {
    const single = singleCharts(run, curves);
    const { loss, optimiser, throughput } = trainingCharts(run, curves);
    return {
      main: [loss, denoisingChart(run, curves)],
      more: [
        ...(curves.frechet
          ? [
            single("frechet", "to held-out images, in a classifier's features", { color: 1 }),
            single("accuracy", "by that classifier", { color: 2 }),
          ]
          : []),
        single("validation_loss", "own objective, held-out images, averaged weights", { color: 0 }),
        ...optimiser,
        throughput,
      ],
    };
  },
  comparisonCharts: () => [],
  samples: (report) => <Samples report={report} />,
  evaluations: (evaluations: readonly ImageEvaluation[], named) => (
    <ImageEvaluations evaluations={evaluations} named={named} />
  ),
};

const QUARTERS = [
  ["denoising_mse_q0", "least noise"],
  ["denoising_mse_q1", "little"],
  ["denoising_mse_q2", "much"],
  ["denoising_mse_q3", "most noise"],
] as const satisfies readonly (readonly [MetricName, string])[];

function denoisingChart(run: Run, curves: Curves): string {
  return lineChart({
    ...chartFrame(run),
    title: metricTitle("denoising_mse"),
    subtitle: "held-out images, by how noisy they are; lower is better",
    yScale: "log",
    emptyText: emptyText(run, "denoising_mse"),
    series: [
      seriesOf("all", curves.denoising_mse, 1),
      ...QUARTERS.map(([name, label], index): Series => ({
        name: label,
        points: pointsOf(curves[name]),
        color: [5, 2, 3, 4][index] ?? 0,
        dashed: true,
      })),
      ...(curves.denoising_mse?.length ? baselineOf(run, "learnt nothing") : []),
    ],
  });
}

const COLUMNS = [
  "drawn by",
  "pictures",
  "Fréchet distance",
  "real pictures reach",
  "classified as asked",
  "precision",
  "recall",
  "copies",
  "evaluations each",
  "seconds",
  "when",
];

function ImageEvaluations(
  { evaluations, named }: { evaluations: readonly ImageEvaluation[]; named: boolean },
) {
  return (
    <EvaluationTable
      label="Evaluations"
      head={[...(named ? ["run"] : []), ...COLUMNS]}
      note={
        <>
          Distances are measured in the features of a classifier; lower is better. The distance of
          real pictures is that of as many held-out ones, ± the standard deviation over draws.
          Precision and recall are given beside those of real pictures. Copies are pictures that are
          nearer to a training image than 99 % of real pictures are, so 1 % is expected.
        </>
      }
    >
      {evaluations.map((evaluation) => <Row evaluation={evaluation} named={named} />)}
    </EvaluationTable>
  );
}

function Row({ evaluation, named }: { evaluation: ImageEvaluation; named: boolean }) {
  const { settings, results, networkEvaluations, samplingSeconds, createdAt, step } = evaluation;
  const { frechet, accuracy, precision, recall, real, nearestTraining } = results;
  return (
    <tr>
      {named && (
        <td>
          <a href={runUrl(evaluation.runId)}>{evaluation.runId}</a>
        </td>
      )}
      <th scope="row">
        {`${settings.sampler}, ${settings.steps} steps, guidance ${settings.guidance_scale}` +
          `${settings.eta > 0 ? `, eta ${settings.eta}` : ""}; training step ` +
          step.toLocaleString("en-US")}
      </th>
      <td>{settings.count.toLocaleString("en-US")}</td>
      <td>
        <b>{formatNumber(frechet.distance)}</b> ± {formatNumber(frechet.distanceSd)}
      </td>
      <td>{formatNumber(frechet.floor)} ± {formatNumber(frechet.floorSd)}</td>
      <td>{accuracy === null ? "–" : percent(accuracy)}</td>
      <td>{formatNumber(precision)} ({formatNumber(real.precision)})</td>
      <td>{formatNumber(recall)} ({formatNumber(real.recall)})</td>
      <td>{percent(nearestTraining.copies)}</td>
      <td>{networkEvaluations}</td>
      <td>{formatNumber(samplingSeconds)}</td>
      <td>
        <Time at={createdAt} />
      </td>
    </tr>
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

const SAMPLES_AT_ONCE = 12;
const STARTS_AT_ONCE = 2;
/** Largest number of rows of a side-by-side picture. */
const MOST_BESIDE = 8;

/** The samples of a run, newest first, and samples with the same initial noise side by side. */
export function Samples({ report }: { report: RunReport }) {
  const { run } = report;
  const newest = report.samples.toReversed();
  if (newest.length === 0) {
    return (
      <div class="empty">
        <p>
          {run.checkpointStep === null
            ? "There is nothing to sample from before the first checkpoint."
            : "No samples yet. Say to your assistant:"}
        </p>
        {run.checkpointStep !== null && (
          <Ask say={`Show me samples of ${run.id}.`} tool="sample" arguments={{ run: run.id }} />
        )}
      </div>
    );
  }
  const figure = (index: number) => {
    const sample = newest[index];
    return sample && <SampleFigure sample={sample} lazy={index > 1} />;
  };
  return (
    <>
      {sharedStarts(report.samples).toReversed().slice(0, STARTS_AT_ONCE).map((start) => (
        <SideBySide start={start} runId={run.id} />
      ))}
      <div class="samples">
        {newest.slice(0, SAMPLES_AT_ONCE).map((_, index) => figure(index))}
      </div>
      {newest.length > SAMPLES_AT_ONCE && (
        <details id="more-samples">
          <summary>{newest.length - SAMPLES_AT_ONCE} older samples</summary>
          <div class="samples">
            {newest.slice(SAMPLES_AT_ONCE).map((_, index) => figure(index + SAMPLES_AT_ONCE))}
          </div>
        </details>
      )}
    </>
  );
}

/** Samples with the same initial noise and different settings. */
function SideBySide({ start, runId }: { start: SharedStart; runId: string }) {
  const ids = start.samples.map(({ id }) => id).slice(-MOST_BESIDE);
  const made = creationStamp(start.samples.at(-1)!);
  const address = `${runUrl(runId)}/side-by-side.png?samples=${ids.join(",")}&v=${made}`;
  return (
    <figure class="sample">
      <a href={address} aria-label="Side by side in full size">
        <img src={address} alt={`${ids.length} ways from one starting noise, side by side`} />
      </a>
      <figcaption>
        <b>{ids.length} ways from one starting noise</b> at step{" "}
        {start.step.toLocaleString("en-US")}, seed {start.seed}
      </figcaption>
    </figure>
  );
}

/** Samples of a run with the same initial noise. */
interface SharedStart {
  readonly step: number;
  readonly seed: number;
  /** Oldest first; of samples with equal settings only the newest. */
  readonly samples: readonly Sample[];
}

/** Number of images of each sample in a side-by-side picture. */
export const SIDE_BY_SIDE = 10;

/**
 * Groups samples with the same weights, seed and classes; groups have at least two samples. Samples of in-painting
 * and image-to-image are excluded.
 */
export function sharedStarts(samples: readonly Sample[]): SharedStart[] {
  const free = samples.filter(({ settings }) => settings.pictures === undefined);
  const groups = Map.groupBy(free, ({ step, settings: { seed, count, classes } }) => {
    const shown = Math.min(count, SIDE_BY_SIDE);
    return JSON.stringify([step, seed, shown, classes.slice(0, shown)]);
  });
  return [...groups.values()].flatMap((group) => {
    const byRecipe = new Map(group.map((sample) => [samplingSettings(sample), sample]));
    const [first] = group;
    if (first === undefined || byRecipe.size < 2) return [];
    return { step: first.step, seed: first.settings.seed, samples: [...byRecipe.values()] };
  });
}

/** Returns the settings of a sample without its film strip. */
function samplingSettings({ settings }: Sample): string {
  const { film_strip: _, made_by: __, count: ___, classes: ____, ...recipe } = settings;
  return JSON.stringify(recipe);
}
