import type { EvaluateRequest } from "../../experiments/mod.ts";
import { evaluationSummary, evaluationTable } from "../evaluation_rows.ts";
import type { Command } from "./command.ts";
import { DRAWING_OPTIONS, drawingRequest, runNamed } from "./drawing_options.ts";
import { labOf, parseOptions } from "./options.ts";
import { progressBar } from "./progress_bar.ts";

/** Draws pictures from a run and measures them. */
export const run: Command = async (args) => {
  const { values, positionals } = parseOptions(args, DRAWING_OPTIONS);
  const request: EvaluateRequest = {
    run: runNamed("evaluate", positionals),
    ...drawingRequest(values, { minimum: 200, maximum: 5000 }),
  };
  const lab = labOf(values);
  const bar = progressBar();
  const evaluation = await lab.evaluate(request, {
    onProgress: ({ done, total, message }) => bar.update(done, total, message),
  }).finally(() => bar.end());
  console.log(
    values.json
      ? JSON.stringify(evaluation, null, 2)
      : `${evaluationTable([evaluation])}\n\n${evaluationSummary(evaluation)}`,
  );
  lab.close();
  return 0;
};
