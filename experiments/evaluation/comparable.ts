/** Evaluations of several runs side by side. */
import type { Evaluation, ImageEvaluation, TextEvaluation } from "../types.ts";

/**
 * The newest evaluation of each run that has one.
 *
 * @param byRun The evaluations of each run, oldest first.
 * @returns Them, and in what they are not comparable.
 */
export function comparableEvaluations(
  byRun: readonly (readonly Evaluation[])[],
): { evaluations: Evaluation[]; cautions: string[] } {
  const evaluations = byRun.flatMap((list) => list.at(-1) ?? []);
  return {
    evaluations,
    cautions: [
      ...pictureCautions(evaluations.filter((e) => e.modality === "image")),
      ...textCautions(evaluations.filter((e) => e.modality === "text")),
    ],
  };
}

function pictureCautions(evaluations: readonly ImageEvaluation[]): string[] {
  return cautionsOf(evaluations, [
    [
      ({ settings, classifier, datasetHash }) => [settings.count, classifier, datasetHash],
      "The evaluations differ in count, classifier or data: their distances are not comparable",
    ],
    [
      ({ settings }) => [settings.sampler, settings.steps, settings.guidance_scale],
      "The evaluations differ in how the pictures were drawn, not only in the runs",
    ],
  ]);
}

function textCautions(evaluations: readonly TextEvaluation[]): string[] {
  return cautionsOf(evaluations, [
    [
      ({ datasetHash }) => datasetHash,
      "The evaluations are of different texts: their nats per character are not comparable",
    ],
    [
      ({ settings: { draws, writing } }) => [draws, writing.seed],
      "The evaluations differ in draws or seed: their bounds are of other windows or noise",
    ],
    [
      ({ settings: { writing } }) => [writing.count, writing.length],
      "The evaluations differ in the number or length of their texts, whose statistics depend on it",
    ],
    [
      ({ settings: { writing: { count: _, length: __, seed: ___, ...how } } }) => how,
      "The evaluations differ in how the texts were written, not only in the runs",
    ],
  ]);
}

/** The cautions whose key is not the same for all. */
function cautionsOf<E>(
  evaluations: readonly E[],
  keys: readonly (readonly [key: (evaluation: E) => unknown, caution: string])[],
): string[] {
  return keys.flatMap(([key, caution]) =>
    new Set(evaluations.map((evaluation) => JSON.stringify(key(evaluation)))).size > 1
      ? [caution]
      : []
  );
}
