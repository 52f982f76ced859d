/** Evaluations of either modality as rows: for tables in texts, and as structured output. */
import { z } from "zod";
import type { Evaluation } from "../experiments/mod.ts";
import {
  BriefImageEvaluation,
  ImageEvaluationRow,
  imageEvaluationRow,
  imageEvaluationSummary,
  imageEvaluationTable,
} from "./image_evaluation_rows.ts";
import {
  BriefTextEvaluation,
  TextEvaluationRow,
  textEvaluationRow,
  textEvaluationSummary,
  textEvaluationTable,
  textEvaluationTables,
} from "./text_evaluation_rows.ts";

export const EvaluationRow = z.discriminatedUnion("modality", [
  ImageEvaluationRow,
  TextEvaluationRow,
]);
export type EvaluationRow = z.infer<typeof EvaluationRow>;

export function evaluationRow(evaluation: Evaluation): EvaluationRow {
  return evaluation.modality === "image"
    ? imageEvaluationRow(evaluation)
    : textEvaluationRow(evaluation);
}

/** An evaluation among others, in short: the last fields are of the one or the other modality. */
export const BriefEvaluation = z.object({
  modality: z.enum(["image", "text"]),
  id: z.string(),
  run: z.string(),
  network_evaluations: z.number(),
  sampling_seconds: z.number().nullable(),
  ...BriefImageEvaluation.shape,
  ...BriefTextEvaluation.shape,
});

export function briefEvaluation(evaluation: Evaluation): z.infer<typeof BriefEvaluation> {
  return BriefEvaluation.parse(evaluationRow(evaluation));
}

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
    ? [imageEvaluationTable([evaluation])]
    : textEvaluationTables(evaluation);
}

/** What an evaluation found, in a few sentences. */
export function evaluationSummary(evaluation: Evaluation): string {
  return evaluation.modality === "image"
    ? imageEvaluationSummary(evaluation)
    : textEvaluationSummary(evaluation);
}
