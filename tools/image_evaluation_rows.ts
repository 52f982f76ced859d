/** Evaluations of pictures as rows: for tables in texts, and as structured output. */
import { z } from "zod";
import type { ImageEvaluation } from "../experiments/mod.ts";
import { rounded, table } from "./rows.ts";

export const ImageEvaluationRow = z.object({
  modality: z.literal("image"),
  id: z.string(),
  run: z.string(),
  step: z.number().describe("Training step of the weights"),
  count: z.number().describe("Pictures; distances compare only at equal counts"),
  sampler: z.string(),
  steps: z.number(),
  guidance_scale: z.number(),
  seed: z.number(),
  frechet_distance: z.number().nullable().describe("Squared feature units; lower is better"),
  frechet_distance_sd: z.number().nullable().describe("Over random draws of real ones"),
  frechet_floor: z.number().nullable().describe("Real against real ones at the same count"),
  frechet_floor_sd: z.number().nullable(),
  accuracy: z.number().nullable().describe("Share classified as asked"),
  target_probability: z.number().nullable().describe("Mean probability of the asked class"),
  class_entropy: z.number().nullable().describe(
    "Nats; at most ln(classes)",
  ),
  precision: z.number().nullable().describe("Pictures among real ones, k-NN, higher is better"),
  recall: z.number().nullable().describe("Real ones among pictures, k-NN, higher is better"),
  real_precision: z.number().nullable().describe("Precision that real ones reach"),
  real_recall: z.number().nullable().describe("Recall that real ones reach"),
  nearest_training_distance: z.number().nullable().describe("Median over pixels in [-1, 1]"),
  real_nearest_training_distance: z.number().nullable().describe("The same of held-out ones"),
  copies: z.number().nullable().describe("Share nearer than 1 % of held-out ones; 0.01 expected"),
  network_evaluations: z.number().describe("For each picture; guidance takes two a step"),
  sampling_seconds: z.number().nullable(),
  measuring_seconds: z.number().nullable(),
  classifier_accuracy: z.number().nullable().describe("Of the classifier, on test images"),
  classifier_hash: z.string(),
  device: z.string(),
  code_version: z.string(),
});
export type ImageEvaluationRow = z.infer<typeof ImageEvaluationRow>;

export function imageEvaluationRow(evaluation: ImageEvaluation): ImageEvaluationRow {
  const { settings, results } = evaluation;
  const { frechet, nearestTraining } = results;
  return {
    modality: "image",
    id: evaluation.id,
    run: evaluation.runId,
    step: evaluation.step,
    count: settings.count,
    sampler: settings.sampler,
    steps: settings.steps,
    guidance_scale: settings.guidance_scale,
    seed: settings.seed,
    frechet_distance: rounded(frechet.distance),
    frechet_distance_sd: rounded(frechet.distanceSd),
    frechet_floor: rounded(frechet.floor),
    frechet_floor_sd: rounded(frechet.floorSd),
    accuracy: rounded(results.accuracy),
    target_probability: rounded(results.targetProbability),
    class_entropy: rounded(results.classEntropy),
    precision: rounded(results.precision),
    recall: rounded(results.recall),
    real_precision: rounded(results.real.precision),
    real_recall: rounded(results.real.recall),
    nearest_training_distance: rounded(nearestTraining.median),
    real_nearest_training_distance: rounded(nearestTraining.realMedian),
    copies: rounded(nearestTraining.copies),
    network_evaluations: evaluation.networkEvaluations,
    sampling_seconds: rounded(evaluation.samplingSeconds),
    measuring_seconds: rounded(evaluation.measuringSeconds),
    classifier_accuracy: rounded(evaluation.classifier.accuracy),
    classifier_hash: evaluation.classifier.hash.slice(0, 12),
    device: evaluation.device,
    code_version: evaluation.codeVersion,
  };
}

/** What is shown of an evaluation among others. */
export const BriefImageEvaluation = ImageEvaluationRow.pick({
  count: true,
  frechet_distance: true,
  frechet_distance_sd: true,
  frechet_floor: true,
  accuracy: true,
}).partial();

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
      Math.round(samplingSeconds),
      `${rounded(results.frechet.distance)} ± ${rounded(results.frechet.distanceSd)}`,
      `${rounded(results.frechet.floor)} ± ${rounded(results.frechet.floorSd)}`,
      rounded(results.accuracy) ?? "-",
    ]),
  );
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
