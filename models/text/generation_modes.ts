/** The ways of writing text, by name; what they do is said in `generation/generate.ts`. */
export const GENERATION_MODES = [
  "diffusion",
  "blocks",
  "autoregressive",
  "guided",
  "revised",
  "infill",
] as const;
export type GenerationMode = typeof GENERATION_MODES[number];
