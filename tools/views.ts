/** The tools' presentation of the runs of each modality, and evaluations of any of them as text. */
import { type Evaluation, type Modality, modalityNamed, type Run } from "../experiments/mod.ts";
import type { ModalityView } from "./modality_view.ts";
import { pictureView } from "./picture_view.ts";
import { tableView } from "./table_view.ts";
import { textView } from "./text_view.ts";

const views: { readonly [Name in Modality["presentation"]]: ModalityView } = {
  pictures: pictureView,
  texts: textView,
  tables: tableView,
};

function viewNamed(modality: string): ModalityView {
  return views[modalityNamed(modality).presentation];
}

export function viewOf({ config }: Pick<Run, "config">): ModalityView {
  return viewNamed(config.modality);
}

/** Markdown tables of evaluations, one for each modality; "" for none. */
export function evaluationTable(evaluations: readonly Evaluation[]): string {
  return [...Map.groupBy(evaluations, ({ modality }) => modality)]
    .map(([name, alike]) => viewNamed(name).evaluationTable(alike)).join("\n\n");
}

/** All that is to be shown of one evaluation: one Markdown table, or several. */
export function evaluationTables(evaluation: Evaluation): string[] {
  return viewNamed(evaluation.modality).evaluationTables(evaluation);
}

/** What an evaluation found, in a few sentences. */
export function evaluationSummary(evaluation: Evaluation): string {
  return viewNamed(evaluation.modality).evaluationSummary(evaluation);
}
