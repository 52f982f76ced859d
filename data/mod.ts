/** Datasets: MNIST, and made-up digits that need no network. */
export type { DownloadProgress } from "./download.ts";
export { gatherImages } from "./images.ts";
export type { ImageDataset, ImageDatasetName, ImageSplit } from "./images.ts";
export { loadImageDataset } from "./load.ts";
export type { LoadOptions } from "./load.ts";
