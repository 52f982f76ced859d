/** The network for text, its objective and its likelihood bound. */
export { rotaryTables } from "../../layers/mod.ts";
export { embeddingsOf } from "./heads.ts";
export { type Denoiser, EMBEDDING_DIMENSION, EMBEDDINGS } from "./heads.ts";
export { type TextMethod, type TextNetwork, textNetwork } from "./network.ts";
export { adaptiveGamma, DENSITY, type GammaEnds, KNOTS, knotWeights } from "./adaptive.ts";
export { blockMask, continuationMask } from "./trunk.ts";
export { maskedBoundStep, maskedPlaces, textFiller } from "./masked.ts";
export {
  autoregressiveStep,
  boundStep,
  nextCharacters,
  textDenoiser,
  type TextStepOptions,
  textTrainingStep,
} from "./steps.ts";
export {
  type BoundLevels,
  boundLevels,
  discreteDiffusion,
  type LikelihoodBound,
  likelihoodBound,
  linearGamma,
  logisticGamma,
  type NoiseRange,
  priorNats,
  reconstructionCount,
  trimmed,
  type WindowErrors,
} from "./bound.ts";
export { finiteWalk } from "./bound.ts";
