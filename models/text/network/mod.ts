/** The network for text, its objective and its likelihood bound. */
export { rotaryTables } from "../../layers/mod.ts";
export { embeddingsOf } from "./heads.ts";
export { EMBEDDINGS } from "./heads.ts";
export { type TextNetwork, textNetwork } from "./network.ts";
export { adaptiveGamma, DENSITY, type GammaEnds, knotWeights } from "./adaptive.ts";
export { blockMask, continuationMask } from "./trunk.ts";
export { maskedBoundStep, maskedPlaces, textFiller } from "./masked.ts";
export {
  autoregressiveStep,
  boundStep,
  nextCharacters,
  textDenoiser,
  textEstimator,
  type TextStepOptions,
  textTrainingStep,
} from "./steps.ts";
export {
  boundLevels,
  interiorRange,
  type LikelihoodBound,
  likelihoodBound,
  linearGamma,
  logisticGamma,
  type NoiseRange,
  type WindowErrors,
} from "./bound.ts";
export { finiteSteps } from "./bound.ts";
