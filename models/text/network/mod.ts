/** The network for text, its steps, and the bounds of its likelihood. */
export { rotaryTables } from "../../layers/mod.ts";
export { EMBEDDINGS, embeddingsOf } from "./heads.ts";
export { type TextNetwork, textNetwork } from "./network.ts";
export { adaptiveGamma, DENSITY, type GammaEnds, knotWeights } from "./adaptive.ts";
export { blockMask, continuationMask } from "./trunk.ts";
export {
  autoregressiveStep,
  boundStep,
  maskedBoundStep,
  type TextStepOptions,
  textTrainingStep,
} from "./training_steps.ts";
export { nextCharacters, textDenoiser, textEstimator, textFiller } from "./generation_steps.ts";
export {
  boundLevels,
  finiteSteps,
  interiorRange,
  type LikelihoodBound,
  likelihoodBound,
  linearGamma,
  logisticGamma,
  maskedPlaces,
  type NoiseRange,
  type WindowErrors,
} from "./bound.ts";
