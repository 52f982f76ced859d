/** Data sets: public ones, MNIST-6k of this repository, made-up ones, and files of your own. */
export { cacheDirectory } from "./cache_directory.ts";
export type { DownloadProgress } from "./download.ts";
export { gatherImages, imageDatasetNames } from "./images.ts";
export type { ImageDataset, ImageDatasetName, ImageSplit } from "./images.ts";
export { loadImageDataset, loadTextDataset } from "./load.ts";
export type { LoadImageOptions, LoadOptions, LoadTextOptions } from "./load.ts";
export { requireObtainable } from "./obtainable.ts";
export { isPath } from "./own.ts";
export { lockFolder } from "./public_dataset.ts";
export { kindOf } from "./regular_file.ts";
export { gatherWindows } from "./texts.ts";
export type { EncodedText, TextDataset, TextDatasetName } from "./texts.ts";
export { requireTextFile } from "./text_file.ts";
export { vocabularyOf } from "./vocabulary.ts";
export type { Vocabulary } from "./vocabulary.ts";
