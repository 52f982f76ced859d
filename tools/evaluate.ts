import { z } from "zod";
import { samplerNames } from "../experiments/mod.ts";
import { defineTool, structured } from "./define.ts";
import {
  EvaluationRow,
  evaluationRow,
  evaluationSummary,
  evaluationTable,
} from "./evaluation_rows.ts";
import { samplingFields } from "./sampling_fields.ts";
import { integer, pointers, REFERENCE_HELP, runReference } from "./fields.ts";

export const evaluateTool = defineTool({
  name: "evaluate",
  title: "Measure a run's pictures",
  description:
    "Draws many pictures from a run's newest checkpoint and measures them with a digit classifier: " +
    "Fréchet distance beside the floor that real digits have at the same count, accuracy of the " +
    "asked classes, class balance, precision and recall, distance to the nearest training image. " +
    "Takes a minute or more; the result is kept with the run. Distances compare only at equal " +
    "count, and a difference within a few standard deviations is no finding.",
  input: z.strictObject({
    run: runReference.describe(`Which run: ${REFERENCE_HELP}`),
    count: integer(200, 5000).optional().describe(
      "Pictures, 200 to 5000, at most half of the test images; more are surer (default 1000)",
    ),
    sampler: z.enum(samplerNames).optional().describe("Sampler (default ddim)"),
    steps: integer(1, 1000).optional().describe("Sampler steps, 1 to 1000 (default 25)"),
    guidance_scale: z.number().min(0).max(20).optional().describe(
      "Classifier-free guidance, 0 to 20, as in sample (default 1)",
    ),
    seed: integer(0, 2_147_483_647).optional().describe(
      "Seed of the starting noise, 0 to 2147483647 (default 0)",
    ),
    ...samplingFields,
  }),
  output: z.object({ ...pointers, evaluation: EvaluationRow }),
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: false,
  },
  async run(request, { lab, links, progress, signal }) {
    progress.report(0, 1, "starting the evaluation");
    const given = Object.fromEntries(Object.entries(request).filter(([, v]) => v !== undefined));
    const evaluation = await lab.evaluate({ ...given, run: request.run }, {
      signal,
      onProgress: ({ done, total, message }) => progress.report(done, total, message),
    });
    const output = {
      summary: evaluationSummary(evaluation),
      next: [
        `sample {"run": "${evaluation.runId}"} to see such pictures`,
        "evaluate another run, or this one with another guidance_scale, at the same count and seed",
      ],
      viewer_url: links.run(evaluation.runId),
      evaluation: evaluationRow(evaluation),
    };
    return structured(output, evaluationTable([evaluation]));
  },
});
