/** What a request for pictures may name. */
import { type SamplerName, samplerOptionFields, samplersWith } from "../../models/diffusion/mod.ts";

export { samplerNames, samplerOptionFields, spacingNames } from "../../models/diffusion/mod.ts";

/** Whether a sampler has the option eta. */
export function hasEta(sampler: SamplerName): boolean {
  return samplersWith("eta").some(({ name }) => name === sampler);
}

/** Names of the options that only some samplers have. */
export const samplerOptionNames = Object.keys(samplerOptionFields) as (
  keyof typeof samplerOptionFields
)[];
