/** Evaluations of several runs side by side. */
import type { Evaluation } from "../types.ts";

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
  const cautions: string[] = [];
  const differ = (key: (evaluation: Evaluation) => unknown) =>
    new Set(evaluations.map((evaluation) => JSON.stringify(key(evaluation)))).size > 1;
  if (
    differ(({ settings, classifier, datasetHash }) => [settings.count, classifier, datasetHash])
  ) {
    cautions.push(
      "The evaluations differ in count, classifier or data: their distances are not comparable",
    );
  }
  if (
    differ(({ settings }) => [settings.sampler, settings.steps, settings.guidance_scale])
  ) {
    cautions.push("The evaluations differ in how the pictures were drawn, not only in the runs");
  }
  return { evaluations, cautions };
}
