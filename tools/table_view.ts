/** How the tools present runs whose samples and evaluations are shown as tables of their fields. */
import type { Evaluation, TextSample } from "../experiments/mod.ts";
import { answer } from "./define.ts";
import { asJson, sampleUri } from "./links.ts";
import type { ModalityView } from "./modality_view.ts";
import { evaluateCalls } from "./next.ts";
import { damageNote, rounded, table } from "./rows.ts";

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
