/** Draws pictures from a run, or writes texts, and measures them. */
import { z } from "zod";
import { AnyEvaluateRequest } from "../../experiments/mod.ts";
import { damageNote } from "../rows.ts";
import { evaluationSummary, evaluationTables } from "../views.ts";
import { commonOptions, defineCommand, labOf } from "./command.ts";
import { withProgressBar } from "./progress_bar.ts";
import { latestRun } from "./sample.ts";

export const command = defineCommand({
  schema: z.strictObject({ ...AnyEvaluateRequest.shape, run: latestRun, ...commonOptions }),
  argument: "run",
  async run({ workspace, data, device, json, ...request }) {
    const lab = labOf({ workspace, data, device });
    const evaluation = await withProgressBar((onProgress) => lab.evaluate(request, { onProgress }));
    console.log(
      json ? JSON.stringify(evaluation, null, 2) : [
        ...evaluationTables(evaluation),
        evaluationSummary(evaluation) + damageNote(lab, evaluation.runId, evaluation.step),
      ].join("\n\n"),
    );
    lab.close();
    return 0;
  },
});
