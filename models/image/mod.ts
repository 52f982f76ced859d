/** Networks for images. */
export {
  type ImageNetwork,
  imageNetwork,
  type ImageNetworkKind,
  imageNetworks,
  type ImageShape,
  type ImageSize,
  imageSizes,
} from "./network.ts";
export { type Init, initialParameters, type ParameterSpec } from "../layers/mod.ts";
export {
  type ClassifierNetwork,
  classifierNetwork,
  classifierPath,
  type ClassifierWeights,
  classifierWeights,
  decodeClassifier,
  FEATURE_COUNT,
  hasClassifier,
} from "./classifier.ts";
