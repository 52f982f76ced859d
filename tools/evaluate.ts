import { AnyEvaluateRequest } from "../experiments/mod.ts";
import { damageNote } from "./rows.ts";
import { ADDING, answer, defineTool } from "./define.ts";
import { rareFieldsHelp, withRareFields } from "./fields.ts";
import { evaluationSummary, evaluationTables, viewOf } from "./views.ts";
import { compareCalls, sampleCall } from "./next.ts";
import { runUri } from "./links.ts";

const input = withRareFields(AnyEvaluateRequest.clone());

export const evaluateTool = defineTool({
  name: "evaluate",
  title: "Measure a run's pictures, or its text",
  description:
    "Measures how good the pictures or the text of a run are, and keeps the result with the run; it " +
    "takes a minute or more. Pictures are judged by a classifier (that of a new data set is trained " +
    "first, once, in minutes): Fréchet distance beside the floor that real pictures have, accuracy of " +
    "the classes asked for, precision, recall, and copies of training images. Text: nats per character of " +
    "held-out text at every block size, beside 1- to 6-gram models, and statistics of texts it writes " +
    "beside real text. Compare only at the same count; a difference within two standard deviations " +
    `is no finding. ${rareFieldsHelp(AnyEvaluateRequest)}`,
  input,
  annotations: ADDING,
  async run(request, { lab, links, progress, signal }) {
    progress.report(0, 1, "starting the evaluation");
    const evaluation = await lab.evaluate(request, {
      signal,
      onProgress: ({ done, total, message }) => progress.report(done, total, message),
    });
    const run = lab.run(evaluation.runId);
    return answer(
      {
        summary: evaluationSummary(evaluation) +
          damageNote(lab, evaluation.runId, evaluation.step),
        next: [sampleCall(run, viewOf(run)), ...compareCalls(lab, run)],
        viewerUrl: links.run(evaluation.runId),
      },
      [
        ...evaluationTables(evaluation),
        `Kept as ${evaluation.id} with the run: ${
          runUri(evaluation.runId)
        }. Compare it only with ` +
        "evaluations at the same count and seed.",
      ],
    );
  },
});
