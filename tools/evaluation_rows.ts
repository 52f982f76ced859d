/** Evaluations of either modality as text. */
import type { Evaluation } from "../experiments/mod.ts";
import {
  imageEvaluationSummary,
  imageEvaluationTable,
  imageEvaluationTables,
} from "./image_evaluation_rows.ts";
import {
  textEvaluationSummary,
  textEvaluationTable,
  textEvaluationTables,
} from "./text_evaluation_rows.ts";

/** Markdown tables of evaluations, "" for none. */
export function evaluationTable(evaluations: readonly Evaluation[]): string {
  return [
    imageEvaluationTable(evaluations.filter((e) => e.modality === "image")),
    textEvaluationTable(evaluations.filter((e) => e.modality === "text")),
  ].filter((table) => table !== "").join("\n\n");
}

/** All that is to be shown of one evaluation: one Markdown table, or several. */
export function evaluationTables(evaluation: Evaluation): string[] {
  return evaluation.modality === "image"
    ? imageEvaluationTables(evaluation)
    : textEvaluationTables(evaluation);
}

/** What an evaluation found, in a few sentences. */
export function evaluationSummary(evaluation: Evaluation): string {
  return evaluation.modality === "image"
    ? imageEvaluationSummary(evaluation)
    : textEvaluationSummary(evaluation);
}
