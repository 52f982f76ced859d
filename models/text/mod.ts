/**
 * Text: n-gram baselines, statistics, and generation with any network. Nothing here loads TensorFlow.js;
 * the network itself is in `network/`.
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
  type NoisyLine,
  noisyLine,
  priorNats,
  randomAlphabet,
} from "./character_posterior.ts";
export { logProbabilities, rowOf } from "./generation/choose.ts";
export { columns } from "./generation/draft.ts";
export { generate } from "./generation/generate.ts";
export {
  type DenoiseRequest,
  FIXED_LOGIT,
  GENERATION_MODES,
  type GenerationRequest,
  type SampledLogits,
  type SamplingLoop,
  type TextModel,
} from "./generation/types.ts";
