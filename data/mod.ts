/** Data sets: public ones, MNIST-6k of this repository, made-up ones, and files of your own. */
export type { DownloadProgress } from "./download.ts";
export { cacheDirectory, lockFolder } from "./files.ts";
export { gatherImages, type ImageDataset, type ImageSplit } from "./images.ts";
export {
  bundledPartOf,
  classifierDataset,
  describeDatasets,
  imageDatasetNames,
  isAvailableLocally,
  isPath,
  loadImageDataset,
  type LoadImageOptions,
  loadTextDataset,
  requireObtainable,
  resolveDataset,
  textDatasetNames,
} from "./load.ts";
export { type EncodedText, gatherWindows, type TextDataset, vocabularyOnly } from "./texts.ts";
export { type Vocabulary } from "./vocabulary.ts";
