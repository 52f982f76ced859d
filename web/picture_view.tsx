/** The viewer's presentation of runs whose samples are pictures. */
import type { Curves, ImageEvaluation, MetricName, Run } from "../experiments/mod.ts";
import {
  formatMeasured,
  formatNumber,
  lineChart,
  metricTitle,
  type Series,
} from "../figures/mod.ts";
import { runUrl, Time } from "./layout.tsx";
import {
  baselineOf,
  chartFrame,
  emptyText,
  hasFewPoints,
  type ModalityView,
  pointsOf,
  singleCharts,
  trainingCharts,
} from "./modality_view.tsx";
import { Samples } from "./run_samples.tsx";

export const pictureView: ModalityView = {
  script: "films.js",
  score({ run: { latest: { denoising_mse } }, relativeError }) {
    return {
      name: "Denoising error",
      value: denoising_mse === undefined ? "–" : formatMeasured(denoising_mse),
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
    missing: "Its pictures were not measured yet.",
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
    <EvaluationTable evaluations={evaluations} named={named} />
  ),
};

const QUARTERS = [
  ["denoising_mse_q0", "least noise"],
  ["denoising_mse_q1", "little"],
  ["denoising_mse_q2", "much"],
  ["denoising_mse_q3", "most noise"],
] as const satisfies readonly (readonly [MetricName, string])[];

function denoisingChart(
  run: Run,
  curves: Curves,
): string {
  const whole = pointsOf(curves.denoising_mse);
  return lineChart({
    ...chartFrame(run),
    title: metricTitle("denoising_mse"),
    subtitle: "held-out images, by how noisy they are; lower is better",
    yScale: "log",
    emptyText: emptyText(run, "denoising_mse"),
    series: [
      { name: "all", points: whole, color: 1, dots: hasFewPoints(curves.denoising_mse) },
      ...QUARTERS.map(([name, label], index): Series => ({
        name: label,
        points: pointsOf(curves[name]),
        color: [5, 2, 3, 4][index] ?? 0,
        dashed: true,
      })),
      ...(whole.length > 0 ? baselineOf(run, "learnt nothing") : []),
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

function EvaluationTable(
  { evaluations, named }: { evaluations: readonly ImageEvaluation[]; named: boolean },
) {
  return (
    <div class="wide" tabindex={0} role="group" aria-label="Evaluations">
      <table>
        <thead>
          <tr>
            {[...(named ? ["run"] : []), ...COLUMNS].map((name) => <th scope="col">{name}</th>)}
          </tr>
        </thead>
        <tbody>
          {evaluations.map((evaluation) => <Row evaluation={evaluation} named={named} />)}
        </tbody>
      </table>
      <p class="quiet">
        Distances are in the features of a classifier, lower is better; what real pictures reach is
        measured with as many held-out ones, ± the spread over draws. Precision and recall stand
        beside those of real pictures; copies are pictures nearer to a training image than one real
        picture in a hundred, so 1 % is expected.
      </p>
    </div>
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
