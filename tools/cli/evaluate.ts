import type { EvaluateRequest } from "../../experiments/mod.ts";
import { damageNote } from "../damage_note.ts";
import { evaluationSummary, evaluationTables } from "../evaluation_rows.ts";
import type { Command } from "./command.ts";
import { DRAWING_OPTIONS, drawingRequest, runNamed } from "./drawing_options.ts";
import { labOf, numberIn, parseOptions } from "./options.ts";
import { progressBar } from "./progress_bar.ts";
import { WRITING_OPTIONS, writingRequest } from "./writing_options.ts";

const { prompt: _prompt, template: _template, ...WRITING } = WRITING_OPTIONS;

/** Draws pictures from a run, or writes texts, and measures them. */
export const run: Command = async (args) => {
  const { values, positionals } = parseOptions(args, {
    ...DRAWING_OPTIONS,
    ...WRITING,
    draws: { type: "string" },
    "bound-steps": { type: "string" },
  });
  const { count: _, ...writing } = values;
  const request: EvaluateRequest = {
    ...writingRequest(runNamed("evaluate", positionals), writing),
    ...drawingRequest(values, { minimum: 2, maximum: 5000 }),
    ...boundsRequest(values),
  };
  const lab = labOf(values);
  const bar = progressBar();
  const evaluation = await lab.evaluate(request, {
    onProgress: ({ done, total, message }) => bar.update(done, total, message),
  }).finally(() => bar.end());
  console.log(
    values.json ? JSON.stringify(evaluation, null, 2) : [
      ...evaluationTables(evaluation),
      evaluationSummary(evaluation) + damageNote(lab, evaluation.runId, evaluation.step),
    ].join("\n\n"),
  );
  lab.close();
  return 0;
};

function boundsRequest(
  values: { readonly draws?: string | undefined; readonly "bound-steps"?: string | undefined },
): Pick<EvaluateRequest, "draws" | "bound_steps"> {
  const { draws, "bound-steps": walks } = values;
  const whole = (name: string, text: string, minimum: number, maximum: number) =>
    numberIn(name, text, { minimum, maximum, whole: true });
  return {
    ...(draws === undefined ? {} : { draws: whole("draws", draws, 2, 200) }),
    ...(walks === undefined
      ? {}
      : { bound_steps: walks.split(",").map((text) => whole("bound-steps", text, 1, 1000)) }),
  };
}
