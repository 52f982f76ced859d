/** What a request for pictures may name, without loading what does the work. */
import type { SolverOptions } from "../../models/diffusion/mod.ts";
import type { SamplerName } from "../../models/diffusion/names/mod.ts";

export { samplerNames, spacingNames } from "../../models/diffusion/names/mod.ts";

export const varianceNames = ["small", "large"] as const;

/** √2 − 1, the bound of Karras et al. 2022 on a step's rise in σ'. */
export const MAX_CHURN = Math.SQRT2 - 1;

/** Which samplers take an option. */
export const takenBy: { readonly [Option in keyof SolverOptions]-?: readonly SamplerName[] } = {
  eta: ["ddim", "euler-ancestral", "dpmpp-2m-sde"],
  variance: ["ddpm"],
  churn: ["euler", "heun"],
};
