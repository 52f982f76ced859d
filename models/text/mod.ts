/**
 * Text: baselines and statistics that need no network. Nothing here loads TensorFlow.js.
 */
export {
  fitNgrams,
  type NgramModel,
  type NgramOptions,
  type NgramSampleOptions,
  sampleNgrams,
} from "./ngram.ts";
export { GENERATION_MODES, type GenerationMode } from "./generation_modes.ts";
export { type StatisticNote, textStatisticNotes, type TextStatistics } from "./statistic_notes.ts";
export {
  evenlySpaced,
  measureTexts,
  ngramSamples,
  type ReferenceText,
  type TextComparison,
  type TextReference,
  textReference,
  textStatistics,
} from "./statistics.ts";
export {
  type Alphabet,
  characterPosterior,
  informationOfCharacters,
  type Mixture,
  type NoisyLine,
  noisyLine,
  randomAlphabet,
} from "./character_posterior.ts";
