/** Fields of `sample` that only runs on text take. */
import { z } from "zod";
import { GENERATION_MODES } from "../experiments/mod.ts";
import { integer } from "./fields.ts";

export const textFields = {
  mode: z.enum(GENERATION_MODES).optional().describe(
    "Text: diffusion (all at once), blocks, autoregressive, guided (left to right by the product of " +
      "reading and diffusion), revised (blocks, then the least likely characters again) or infill " +
      "(default: what the run's method does)",
  ),
  prompt: z.string().max(2000).optional().describe("Text: what is continued (default nothing)"),
  template: z.string().min(1).max(512).optional().describe(
    "Text, for infill: the text with an underscore for each token to write (default none)",
  ),
  length: integer(1, 2000).optional().describe(
    "Text: tokens to write, 1 to 2000 (default a window for diffusion, else two)",
  ),
  block_size: integer(1, 512).optional().describe(
    "Text: tokens written together, up to the run's context (default 16)",
  ),
  temperature: z.number().min(0).max(5).optional().describe(
    "Text: 0 (the likeliest) to 5 (default 0.7 out of noise, else 0.9)",
  ),
  top_p: z.number().min(0.01).max(1).optional().describe(
    "Text: share of the probability that is drawn from, 0.01 to 1 (default 1)",
  ),
  diffusion_weight: z.number().min(0).max(1).optional().describe(
    "Text, for guided: weight of diffusion, 0 to 1, against reading (default 0.5)",
  ),
  revise_share: z.number().min(0).max(1).optional().describe(
    "Text, for revised: share written again in a round, 0 to 1 (default 0.2)",
  ),
  rounds: integer(1, 10).optional().describe("Text, for revised: 1 to 10 rounds (default 2)"),
};

/** Names of these fields. */
export const TEXT_FIELDS: readonly string[] = Object.keys(textFields);
/** Fields that both modalities take, and how to name the run and the moment. */
export const COMMON_FIELDS: readonly string[] = [
  "run",
  "count",
  "sampler",
  "steps",
  "seed",
  "film_strip",
];
