import type { CallToolResult } from "@modelcontextprotocol/server";
import { z } from "zod";
import { UserError } from "../engine/host/mod.ts";
import { recognisedShare, type Sample, samplerNames } from "../experiments/mod.ts";
import { damageNote } from "./damage_note.ts";
import { ADDING, answer, type Call, defineTool, picture } from "./define.ts";
import { integer, REFERENCE_HELP, runReference } from "./fields.ts";
import { counted } from "./rows.ts";
import { givenFields, samplingFields } from "./sampling_fields.ts";
import { isText, sampleText } from "./sample_text.ts";
import { COMMON_FIELDS, TEXT_FIELDS, textFields } from "./text_fields.ts";
import { sampleUri } from "./uris.ts";

export const sampleTool = defineTool({
  name: "sample",
  title: "Draw pictures or write text with a trained model",
  description:
    "Draws pictures from a run's newest checkpoint (moving average of the weights) and answers with " +
    "one contact-sheet PNG, or a film strip of the denoising; from a run on text, writes text and " +
    "answers with it. Works while the run is still " +
    "training. The same seed gives the same starting noise for every run and sampler, so pictures " +
    "can be compared side by side.",
  input: z.strictObject({
    run: runReference.describe(`Which run: ${REFERENCE_HELP}`),
    count: integer(1, 100).optional().describe(
      "Pictures, 1 to 100 (default 20; 8 for a film strip), or texts, 1 to 16 (default 3)",
    ),
    sampler: z.enum(samplerNames).optional().describe(
      "ddim is deterministic and good in few steps; ddpm and euler-ancestral add noise at every " +
        "step; dpmpp-2m, dpmpp-2m-sde (with noise), heun and flow-heun are of second order (default ddim; ddpm for text)",
    ),
    steps: integer(1, 1000).optional().describe(
      "Sampler steps, 1 to 1000 (default 50; 64 for text); heun and flow-heun evaluate the network twice in each",
    ),
    guidance_scale: z.number().min(0).max(20).optional().describe(
      "Classifier-free guidance, 0 to 20: 0 ignores the class, 1 is plain conditional, above 1 " +
        "makes the class clearer and the pictures more alike (default 1)",
    ),
    class: z.union([integer(0, 999), z.array(integer(0, 999)).min(1).max(100)]).optional().describe(
      "Class to draw, from 0, or a list repeated over the pictures (default all in turn, or those of " +
        "the held-out pictures)",
    ),
    seed: integer(0, 2_147_483_647).optional().describe(
      "Seed of the starting noise, 0 to 2147483647 (default 0)",
    ),
    ...samplingFields,
    ...givenFields,
    ...textFields,
    film_strip: z.boolean().optional().describe(
      "Show what the sampler saw on its way from noise to picture (default false)",
    ),
  }),
  annotations: ADDING,
  async run(request, call): Promise<CallToolResult> {
    const { lab, links, progress, signal } = call;
    const given = Object.fromEntries(Object.entries(request).filter(([, v]) => v !== undefined));
    const ofText = isText(lab, request.run);
    requireFields(request.run, Object.keys(given), ofText);
    if (ofText) return await sampleText({ ...given, run: request.run }, call);
    progress.report(0, 1, "starting the sampler");
    const sample = await lab.sample({ ...given, run: request.run }, {
      signal,
      onProgress: ({ done, total, message }) => progress.report(done, total, message),
    });
    const { samplePng } = await import("../figures/mod.ts");
    const { png, path } = await samplePng(lab, sample.id);
    const uri = sampleUri(sample.id);
    return answer(
      {
        summary: summaryOf(sample) + damageNote(lab, sample.runId, sample.step) +
          await givenSummary(lab, sample),
        next: [
          "look at the picture: what can be made out, and which classes fail?",
          "sample again with the same seed from another run, or with guidance_scale 2",
        ],
        viewerUrl: links.samples(sample.runId),
      },
      [`Picture: ${sample.id}, resource ${uri}, file ${path}`],
      [
        picture(png),
        {
          type: "resource_link",
          uri,
          name: sample.id,
          mimeType: "image/png",
          description: `${sample.kind} of ${sample.runId} at step ${sample.step}`,
        },
      ],
    );
  },
});

/** Pictures in a film strip; a sample may hold more. */
const FILM_PICTURES = 8;

function summaryOf({ settings, ...sample }: Sample): string {
  const shown = sample.kind === "film-strip" && settings.count > FILM_PICTURES
    ? ` The strip shows the first ${FILM_PICTURES}.`
    : "";
  return `${counted(settings.count, "picture")} from ${sample.runId} at training step ` +
    `${sample.step} (${settings.sampler}, ${settings.steps} steps, ` +
    `${counted(sample.networkEvaluations, "network evaluation")} each, guidance ` +
    `${settings.guidance_scale}, seed ${settings.seed}), classes ${classes(settings.classes)}, ` +
    `in ${sample.seconds.toFixed(1)} s on ${sample.device}.${shown}`;
}

/** @throws {UserError} If a field is for runs of the other modality. */
function requireFields(run: string, given: readonly string[], ofText: boolean): void {
  const wrong = given.filter((field) =>
    !COMMON_FIELDS.includes(field) && TEXT_FIELDS.includes(field) !== ofText
  );
  if (wrong.length === 0) return;
  throw new UserError(
    `${run} is a run on ${ofText ? "text" : "images"}, which takes no ${wrong.join(", ")}: ` +
      `leave ${wrong.length > 1 ? "them" : "it"} out`,
  );
}

/** What was made of held-out pictures, and how many are still seen as the class they were of. */
async function givenSummary(lab: Call["lab"], { id, settings }: Sample): Promise<string> {
  const { keep, strength, pictures, resamples, count } = settings;
  if (!pictures) return "";
  const made = [
    ...(keep ? [`the ${keep} half kept, ${counted(resamples!, "walk")} over each step`] : []),
    ...(strength === undefined ? [] : [`started at strength ${strength}`]),
  ];
  const { given } = await lab.samplePixels(id);
  const share = given ? recognisedShare(given) : null;
  return ` From held-out pictures (shown above each): ${made.join("; ")}.` +
    (share === null
      ? ""
      : ` The classifier sees ${Math.round(share * count)} of ${count} as the class they were of.`);
}

/** "0 to 9 in turn", "all 7", or the list. */
function classes(values: readonly number[]): string {
  if (values.length > 1 && values.every((value) => value === values[0])) return `all ${values[0]}`;
  if (values.length > 10 && values.every((value, i) => value === i % 10)) return "0 to 9 in turn";
  return values.length > 20 ? `${values.slice(0, 20).join(" ")} ...` : values.join(" ");
}
