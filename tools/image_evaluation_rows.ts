/** Evaluations of pictures as text. */
import type { ImageEvaluation } from "../experiments/mod.ts";
import { rounded, table } from "./rows.ts";

/** A Markdown table of evaluations, "" for none. */
export function imageEvaluationTable(evaluations: readonly ImageEvaluation[]): string {
  if (evaluations.length === 0) return "";
  return table(
    ["evaluation", "sampling", "count", "NFE", "seconds", "frechet", "floor", "accuracy"],
    evaluations.map(({ id, settings, results, networkEvaluations, samplingSeconds }) => [
      id,
      `${settings.sampler} ${settings.steps}, guidance ${settings.guidance_scale}`,
      settings.count,
      networkEvaluations,
      Number(samplingSeconds.toPrecision(2)),
      `${rounded(results.frechet.distance)} ± ${rounded(results.frechet.distanceSd)}`,
      `${rounded(results.frechet.floor)} ± ${rounded(results.frechet.floorSd)}`,
      rounded(results.accuracy) ?? "-",
    ]),
  );
}

/** How it was sampled and what it cost, and every measure beside what real pictures have. */
export function imageEvaluationTables(evaluation: ImageEvaluation): string[] {
  const { results, settings, measuringSeconds, classifier } = evaluation;
  const { frechet, nearestTraining, real } = results;
  const measures: [string, number | null, number | null, string][] = [
    ["Fréchet distance", frechet.distance, frechet.floor, "squared feature units, lower is better"],
    ["standard deviation of it", frechet.distanceSd, frechet.floorSd, `${frechet.draws} draws`],
    ["accuracy", results.accuracy, null, "share classified as asked"],
    ["probability of the asked class", results.targetProbability, null, "mean"],
    ["class entropy", results.classEntropy, results.realClassEntropy, "nats, high is balanced"],
    ["precision", results.precision, real.precision, "share among real ones, k-NN"],
    ["recall", results.recall, real.recall, "share of real ones among them, k-NN"],
    [
      "distance to the nearest training image",
      nearestTraining.median,
      nearestTraining.realMedian,
      "median over pixels in [-1, 1]",
    ],
    ["copies", nearestTraining.copies, 0.01, "share nearer than 1 % of held-out ones"],
  ];
  return [
    imageEvaluationTable([evaluation]),
    table(
      ["measure", "these pictures", "held-out pictures", "unit"],
      measures.map(([name, made, held, unit]) => [
        name,
        rounded(made) ?? "-",
        rounded(held) ?? "-",
        unit,
      ]),
    ),
    `Seed ${settings.seed}; measured in ${measuringSeconds.toFixed(1)} s on ${evaluation.device} ` +
    `by classifier ${classifier.hash.slice(0, 12)}, code ${evaluation.codeVersion}.`,
  ];
}

/** What an evaluation found, in a few sentences. */
export function imageEvaluationSummary(evaluation: ImageEvaluation): string {
  const { runId, step, settings, results, networkEvaluations, samplingSeconds } = evaluation;
  const { frechet, precision, recall, real } = results;
  const times = (frechet.distance / frechet.floor).toPrecision(3);
  const hits = results.accuracy === null
    ? "no class was asked for"
    : `${(100 * results.accuracy).toFixed(1)} % are classified as asked`;
  return `${settings.count} pictures from ${runId} at training step ${step} ` +
    `(${settings.sampler}, ${networkEvaluations} network evaluations each, guidance ` +
    `${settings.guidance_scale}, ${samplingSeconds.toFixed(1)} s): Fréchet distance ` +
    `${frechet.distance.toPrecision(3)}, ${times} times the floor of ` +
    `${frechet.floor.toPrecision(3)} that real pictures have at this count; ${hits}; precision ` +
    `${precision.toFixed(2)} and recall ${recall.toFixed(2)} (real pictures: ` +
    `${real.precision.toFixed(2)} and ${
      real.recall.toFixed(2)
    }). The judging classifier is right ` +
    `on ${(100 * evaluation.classifier.accuracy).toFixed(1)} % of held-out pictures.`;
}
