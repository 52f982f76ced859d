import { AnyEvaluateRequest } from "../experiments/mod.ts";
import { damageNote } from "./rows.ts";
import { ADDING, answer, defineTool } from "./define.ts";
import { evaluationSummary, evaluationTables, viewOfEvaluation } from "./views.ts";
import { runUri } from "./links.ts";

export const evaluateTool = defineTool({
  name: "evaluate",
  title: "Measure a run's pictures, or its text",
  description:
    "Draws many pictures from a run's newest checkpoint and measures them with a classifier (a new " +
    "data set's is trained first, once, in minutes): Fréchet distance beside the floor that real " +
    "pictures have at the same count, accuracy of the asked classes, class balance, precision and recall, distance to the nearest training image. " +
    "For text: nats per character of held-out text at every block size, also for finitely many " +
    "sampler steps, beside 1- to 6-gram models; statistics of texts it writes beside real text. " +
    "Takes a minute or more; the result is kept with the run. Distances compare only at equal " +
    "count, and a difference within a few standard deviations is no finding.",
  input: AnyEvaluateRequest,
  annotations: ADDING,
  async run(request, { lab, links, progress, signal }) {
    progress.report(0, 1, "starting the evaluation");
    const evaluation = await lab.evaluate(request, {
      signal,
      onProgress: ({ done, total, message }) => progress.report(done, total, message),
    });
    const { made, mainChoice } = viewOfEvaluation(evaluation);
    return answer(
      {
        summary: evaluationSummary(evaluation) +
          damageNote(lab, evaluation.runId, evaluation.step),
        next: [
          `sample {"run": "${evaluation.runId}"} to see such ${made}`,
          `evaluate another run, or this one with another ${mainChoice}, at the same count and seed`,
        ],
        viewerUrl: links.run(evaluation.runId),
      },
      [
        ...evaluationTables(evaluation),
        `Kept as ${evaluation.id} with the run: ${runUri(evaluation.runId)}`,
      ],
    );
  },
});
