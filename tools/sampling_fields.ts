/** Fields of the tools that draw pictures. */
import { z } from "zod";
import { MAX_CHURN, spacingNames, varianceNames } from "../experiments/mod.ts";

export const samplingFields = {
  eta: z.number().min(0).max(1).optional().describe(
    "Noise of ddim (default 0) and euler-ancestral (default 1), 0 (none) to 1 (as ddpm)",
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
  guidance_interval: z.tuple([z.number(), z.number()]).optional().describe(
    "[low, high] of -log SNR where guidance applies (default everywhere)",
  ),
};
