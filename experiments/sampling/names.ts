/**
 * The names that a request for pictures may use, without loading what they name: as in
 * models/diffusion, and tested equal to it.
 */
import type { SamplerName, SolverOptions, Spacing } from "../../models/diffusion/mod.ts";

export const samplerNames = [
  "ddpm",
  "ddim",
  "euler",
  "euler-ancestral",
  "heun",
  "flow-heun",
  "dpmpp-2m",
  "dpmpp-2m-sde",
] as const satisfies readonly SamplerName[];

export const spacingNames = [
  "trailing",
  "leading",
  "linspace",
  "karras",
] as const satisfies readonly Spacing[];

export const varianceNames = ["small", "large"] as const;

/** √2 − 1, the bound of Karras et al. 2022 on a step's rise in σ'. */
export const MAX_CHURN = Math.SQRT2 - 1;

/** Which samplers take an option. */
export const takenBy: { readonly [Option in keyof SolverOptions]-?: readonly SamplerName[] } = {
  eta: ["ddim", "euler-ancestral", "dpmpp-2m-sde"],
  variance: ["ddpm"],
  churn: ["euler", "heun"],
};
