/** The tools' presentation of runs, and the plainest one: tables of the fields of samples and evaluations. */
import type { CallToolResult } from "@modelcontextprotocol/server";
import type { Evaluation, Lab, Sample, TextSample } from "../experiments/mod.ts";
import type { Call } from "./define.ts";
import type { Detail } from "./fields.ts";
import { asJson, evaluateCalls, sampleUri } from "./links.ts";
import { damageNote, rounded, table } from "./rows.ts";
import { answer } from "./answer.ts";

/** A sample in a list: its id, what it is, and the training step of its weights. */
interface SampleLine {
  readonly id: string;
  readonly kind: string;
  readonly step: number;
}

export interface ModalityView {
  /** Tells of the sample with this id, and shows it. */
  sampled(
    id: string,
    where: Pick<Call, "lab" | "links">,
    detail: Detail,
  ): Promise<CallToolResult>;
  /** The samples of a run, oldest first. */
  samples(lab: Lab, runId: string): (Sample | TextSample)[];
  sampleLine(sample: Sample | TextSample): SampleLine;
  /** One row for each evaluation, as a Markdown table; "" for none. */
  evaluationTable(evaluations: readonly Evaluation[]): string;
  /** All that is to be shown of one evaluation: one Markdown table, or several. */
  evaluationTables(evaluation: Evaluation): string[];
  /** The results of an evaluation in a few sentences. */
  evaluationSummary(evaluation: Evaluation): string;
}

export const tableView: ModalityView = {
  // deno-lint-ignore require-await -- other presentations wait for pictures
  async sampled(id, { lab, links }) {
    const sample = lab.textById(id);
    const uri = sampleUri(id);
    return answer({
      summary: `Sample ${id} from ${sample.runId} at training step ${sample.step}.` +
        damageNote(lab, sample.runId, sample.step),
      next: evaluateCalls(lab, lab.run(sample.runId)),
      viewerUrl: links.run(sample.runId),
      rest: uri,
    }, [
      fieldTable(sample),
      `Sample: ${id}, resource ${uri}, all of it as JSON: ${asJson(uri)}`,
    ]);
  },
  samples: (lab, runId) => lab.texts(runId),
  sampleLine: ({ id, step }) => ({ id, kind: "sample", step }),
  evaluationTable(evaluations) {
    if (evaluations.length === 0) return "";
    const names = [
      ...new Set(evaluations.flatMap((evaluation) => [...numbersOf(evaluation).keys()])),
    ];
    return table(
      ["evaluation", "step", ...names],
      evaluations.map((evaluation) => [
        evaluation.id,
        evaluation.step,
        ...names.map((name) => rounded(numbersOf(evaluation).get(name)) ?? "-"),
      ]),
    );
  },
  evaluationTables: (evaluation) => [tableView.evaluationTable([evaluation])],
  evaluationSummary(evaluation) {
    const numbers = [...numbersOf(evaluation)].map(([name, value]) => `${name} ${rounded(value)}`);
    return `${evaluation.runId} at training step ${evaluation.step}: ${numbers.join(", ")}.`;
  },
};

/** The results that are numbers, by name. */
function numbersOf({ results }: Evaluation): ReadonlyMap<string, number> {
  return new Map(Object.entries(results).filter((field) => typeof field[1] === "number"));
}

/** Every field of a sample and its value, shortened. */
function fieldTable(sample: TextSample): string {
  const rows = Object.entries(sample).map(([name, value]) => {
    const json = JSON.stringify(value);
    return [name, json.length > 300 ? `${json.slice(0, 300)} …` : json];
  });
  return table(["field", "value"], rows);
}
