import { z } from "zod";
import { samplerNames } from "../experiments/mod.ts";
import { damageNote } from "./damage_note.ts";
import { ADDING, answer, defineTool } from "./define.ts";
import { evaluationSummary, evaluationTables } from "./evaluation_rows.ts";
import { samplingFields } from "./sampling_fields.ts";
import { integer, REFERENCE_HELP, runReference } from "./fields.ts";
import { textFields } from "./text_fields.ts";
import { runUri } from "./uris.ts";

const { mode, length, block_size, temperature, top_p, diffusion_weight, revise_share, rounds } =
  textFields;

/** Those of sample, which explains them. */
const writingFields = {
  mode: mode.describe("Text: as in sample, but no infill (default what the run's method does)"),
  length: length.describe("Text: tokens of each, 1 to 2000 (default a window)"),
  block_size: block_size.describe("Text: tokens written together (default 16)"),
  temperature: temperature.describe("Text: 0 to 5 (default as in sample)"),
  top_p: top_p.describe("Text: 0.01 to 1 (default 1)"),
  diffusion_weight: diffusion_weight.describe("Text, guided: 0 to 1 (default 0.5)"),
  revise_share: revise_share.describe("Text, revised: 0 to 1 (default 0.2)"),
  rounds: rounds.describe("Text, revised: 1 to 10 (default 2)"),
};

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
  input: z.strictObject({
    run: runReference.describe(`Which run: ${REFERENCE_HELP}`),
    count: integer(2, 5000).optional().describe(
      "Pictures, 200 to 5000, at most half of the test images; more are surer (default 1000, of a " +
        "small data set half of the test images); or " +
        "texts, 2 to 256 (default 32)",
    ),
    sampler: z.enum(samplerNames).optional().describe("Sampler (default ddim; ddpm for text)"),
    steps: integer(1, 1000).optional().describe(
      "Sampler steps, 1 to 1000 (default 25; 64 for text)",
    ),
    guidance_scale: z.number().min(0).max(20).optional().describe(
      "Classifier-free guidance, 0 to 20, as in sample (default 1)",
    ),
    seed: integer(0, 2_147_483_647).optional().describe(
      "Seed of the starting noise, 0 to 2147483647 (default 0)",
    ),
    ...samplingFields,
    ...writingFields,
    draws: integer(2, 200).optional().describe(
      "Text: batches of 32 windows for each bound, 2 to 200 (default 24)",
    ),
    bound_steps: z.array(integer(1, 1000)).min(1).max(6).optional().describe(
      "Text: sampler steps whose own bounds are measured (default 16, 64 and steps)",
    ),
  }),
  annotations: ADDING,
  async run(request, { lab, links, progress, signal }) {
    progress.report(0, 1, "starting the evaluation");
    const given = Object.fromEntries(Object.entries(request).filter(([, v]) => v !== undefined));
    const evaluation = await lab.evaluate({ ...given, run: request.run }, {
      signal,
      onProgress: ({ done, total, message }) => progress.report(done, total, message),
    });
    const [what, choice] = evaluation.modality === "image"
      ? ["pictures", "guidance_scale"]
      : ["texts", "mode or temperature"];
    return answer(
      {
        summary: evaluationSummary(evaluation) +
          damageNote(lab, evaluation.runId, evaluation.step),
        next: [
          `sample {"run": "${evaluation.runId}"} to see such ${what}`,
          `evaluate another run, or this one with another ${choice}, at the same count and seed`,
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
