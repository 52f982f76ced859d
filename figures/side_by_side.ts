import type { Sample, SamplePixels } from "../experiments/mod.ts";
import { contactSheet } from "./contact_sheet.ts";
import { sampleSettings } from "./sample_picture.ts";

/**
 * The first pictures of several samples, a row for each: what samplers, steps and guidance make of one
 * starting noise.
 *
 * @param columns Pictures in a row, at most as many as every sample has.
 */
export function sideBySide(
  samples: readonly { readonly sample: Sample; readonly pixels: SamplePixels }[],
  columns: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { height, width, channels } = samples[0]!.pixels;
  const values = columns * height * width * channels;
  const images = new Float32Array(samples.length * values);
  samples.forEach(({ pixels }, row) => images.set(pixels.images.subarray(0, values), row * values));
  return contactSheet({
    images,
    count: samples.length * columns,
    height,
    width,
    channels,
    columns,
    rowCaptions: samples.map(({ sample }) =>
      sampleSettings(sample).replace(` · seed ${sample.settings.seed}`, "")
    ),
  });
}
