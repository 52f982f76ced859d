/**
 * What the presentations of single modalities use of them: types of records, and functions on them. Everything else
 * asks the objects of `modalities.ts`.
 */
export { imageConfigOf } from "../image/config.ts";
export { recognisedShare } from "../image/pictures.ts";
export { decodeSamplePixels } from "../image/pictures.ts";
export type { HeldOutPictures, ImageEvaluation, Sample, SamplePixels } from "../image/requests.ts";
export type { ImageEvaluateRequest, SampleRequest, SampleSettings } from "../image/requests.ts";
export { type TextConfig, textConfigOf } from "../text/config.ts";
export { BLOCK_METRICS, BLOCK_SIZES, blockCurve } from "../text/metrics.ts";
export type { TextEvaluation, TextSample, TextSampleFrame } from "../text/requests.ts";
export type { TextEvaluateRequest, WriteRequest, WriteSettings } from "../text/requests.ts";

/** Loads {@link pixelMoments}, whose module loads TensorFlow.js. */
export async function loadPixelMoments() {
  const { pixelMoments } = await import("../image/validation.ts");
  return pixelMoments;
}
