/**
 * Text: baselines and statistics that need no network. Nothing here loads TensorFlow.js.
 */
export { fitNgrams } from "./ngram.ts";
export { textStatisticNotes, type TextStatistics } from "./statistic_notes.ts";
export {
  evenlySpaced,
  measureTexts,
  ngramSamples,
  type TextComparison,
  type TextReference,
  textReference,
  textStatistics,
} from "./statistics.ts";
export {
  type Alphabet,
  EMBEDDING_DIMENSION,
  informationOfCharacters,
  type Mixture,
  type NoisyLine,
  noisyLine,
  priorNats,
  randomAlphabet,
} from "./character_posterior.ts";

/** Names of the generation modes, which `generation/generate.ts` describes. */
export const GENERATION_MODES = [
  "diffusion",
  "blocks",
  "autoregressive",
  "guided",
  "revised",
  "infill",
] as const;
export type GenerationMode = typeof GENERATION_MODES[number];
