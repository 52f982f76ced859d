/** Fields of the tools that draw pictures. */
import { z } from "zod";
import {
  keptHalves,
  MAX_CHURN,
  MAX_RESAMPLES,
  spacingNames,
  varianceNames,
} from "../experiments/mod.ts";
import { integer } from "./fields.ts";

const negativeLogSnr = z.number().min(-1000).max(1000);

export const samplingFields = {
  eta: z.number().min(0).max(1).optional().describe(
    "Noise of ddim (default 0), euler-ancestral and dpmpp-2m-sde (default 1), 0 (none) to 1",
  ),
  variance: z.enum(varianceNames).optional().describe("Variance of ddpm's noise (default small)"),
  churn: z.number().min(0).max(MAX_CHURN).optional().describe(
    "Rise of sigma before each step of euler and heun, 0 to 0.4142 (default 0)",
  ),
  spacing: z.enum(spacingNames).optional().describe(
    "How the noise levels lie (default trailing)",
  ),
  rho: z.number().min(0.1).max(100).optional().describe("Exponent of karras (default 7)"),
  guidance_rescale: z.number().min(0).max(1).optional().describe(
    "Takes back the contrast that guidance adds, 0 to 1 (default 0)",
  ),
  guidance_interval: z.tuple([negativeLogSnr, negativeLogSnr]).optional().describe(
    "[low, high] of -log SNR, -1000 to 1000, where guidance applies (default everywhere)",
  ),
};

/** Of held-out pictures that a sample keeps a part of, or starts from. */
export const givenFields = {
  keep: z.enum(keptHalves).optional().describe(
    "In-painting: keep this half of held-out pictures and draw the rest (default none; sampler default ddpm)",
  ),
  strength: z.number().min(0.01).max(1).optional().describe(
    "Image-to-image: start from held-out pictures noised to this time, 0.01 to 1 " +
      "(default none)",
  ),
  pictures: z.union([integer(0, 2_147_483_647), z.array(integer(0, 2_147_483_647)).min(1).max(100)])
    .optional().describe(
      "Which held-out pictures, a number or a list, for keep and strength (default 0, 1, 2, ...)",
    ),
  resamples: integer(1, MAX_RESAMPLES).optional().describe(
    `Walks over each step of in-painting, 1 to ${MAX_RESAMPLES} (default 10)`,
  ),
};
