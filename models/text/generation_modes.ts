/** Names of the generation modes; `generation/generate.ts` describes them. */
export const GENERATION_MODES = [
  "diffusion",
  "blocks",
  "autoregressive",
  "guided",
  "revised",
  "infill",
] as const;
export type GenerationMode = typeof GENERATION_MODES[number];
