/** How the tools present runs to an assistant, for each presentation that a modality may have. */
import type { CallToolResult } from "@modelcontextprotocol/server";
import type { Evaluation, Lab, Sample, TextSample } from "../experiments/mod.ts";
import type { Call } from "./define.ts";

/** A sample in a list: its id, what it is, and the training step of its weights. */
export interface SampleLine {
  readonly id: string;
  readonly kind: string;
  readonly step: number;
}

export interface ModalityView {
  /** Tells of the sample with this id, and shows it. */
  sampled(
    id: string,
    where: Pick<Call, "lab" | "links">,
    detail: "small" | "full",
  ): Promise<CallToolResult>;
  /** What a run made, oldest first. */
  samples(lab: Lab, runId: string): (Sample | TextSample)[];
  sampleLine(sample: Sample | TextSample): SampleLine;
  /** One row for each evaluation, as a Markdown table; "" for none. */
  evaluationTable(evaluations: readonly Evaluation[]): string;
  /** All that is to be shown of one evaluation: one Markdown table, or several. */
  evaluationTables(evaluation: Evaluation): string[];
  /** What an evaluation found, in a few sentences. */
  evaluationSummary(evaluation: Evaluation): string;
}
