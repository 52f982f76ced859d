/** The tools' view of each modality, and evaluations of any of them as text. */
import type { Evaluation, Modality, Run } from "../experiments/mod.ts";
import { imageView } from "./image_view.ts";
import type { ModalityView } from "./modality_view.ts";
import { textView } from "./text_view.ts";

const views: { readonly [Name in Modality["name"]]: ModalityView } = {
  image: imageView,
  text: textView,
};

export function viewOf({ config }: Pick<Run, "config">): ModalityView {
  return views[config.modality];
}

export function viewOfEvaluation({ modality }: Evaluation): ModalityView {
  return views[modality];
}

/** Markdown tables of evaluations, one for each modality; "" for none. */
export function evaluationTable(evaluations: readonly Evaluation[]): string {
  return [...Map.groupBy(evaluations, ({ modality }) => modality)]
    .map(([name, alike]) => views[name].evaluationTable(alike)).join("\n\n");
}

/** All that is to be shown of one evaluation: one Markdown table, or several. */
export function evaluationTables(evaluation: Evaluation): string[] {
  return viewOfEvaluation(evaluation).evaluationTables(evaluation);
}

/** What an evaluation found, in a few sentences. */
export function evaluationSummary(evaluation: Evaluation): string {
  return viewOfEvaluation(evaluation).evaluationSummary(evaluation);
}
