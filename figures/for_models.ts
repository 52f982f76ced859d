/**
 * Pictures in tool results. Clients send them to the model again with every turn, and pictures larger than
 * 1,568 pixels are scaled down, so they are small unless the full picture is requested.
 */
import type { Lab, Sample } from "../experiments/mod.ts";
import { type SamplePart, samplePicture, samplePng } from "./sample_picture.ts";

/** "small" is at most {@link MOST_BYTES}; "full" is the whole picture. */
export type Detail = "small" | "full";

/** Largest width and height in pixels. */
export const MOST_SIDE = 1568;
/** Largest file size of a small picture in bytes. */
export const MOST_BYTES = 60_000;

/** The part of a sample that a small picture shows, by kind of sample. */
const FEW = {
  "film-strip": { examples: 4, frames: 6 },
  "contact-sheet": { examples: 80, frames: 0 },
} as const satisfies Record<Sample["kind"], SamplePart>;
/** Palette sizes that are tried in turn; the last one still distinguishes the greys of digits. */
const COLOURS = [64, 16];
/** Largest factor by which the sides are reduced while the file is too large. */
const SHRINKING = 0.9;

/**
 * Encodes a picture within the limits of its detail: at most {@link MOST_SIDE} pixels on either side; a small one
 * with as many colours, and then pixels, as {@link MOST_BYTES} allow.
 */
export async function pngForModel(
  png: Uint8Array<ArrayBuffer>,
  detail: Detail,
): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height } = sizeOf(png);
  const largest = Math.max(width, height);
  const fits = (bytes: Uint8Array) => detail === "full" || bytes.length <= MOST_BYTES;
  if (largest <= MOST_SIDE && fits(png)) return png;
  let side = Math.min(largest, MOST_SIDE);
  let drawn = await resized(png, side);
  for (const colours of COLOURS) {
    if (fits(drawn)) return drawn;
    drawn = await resized(png, side, colours);
  }
  while (!fits(drawn)) {
    side = Math.floor(side * Math.min(SHRINKING, Math.sqrt(MOST_BYTES / drawn.length)));
    drawn = await resized(png, side, COLOURS.at(-1));
  }
  return drawn;
}

/** Returns the picture of a sample and the part that it shows, or null if it shows the whole sample. */
export async function sampleForModel(
  lab: Pick<Lab, "workspace" | "sampleById" | "samplePixels">,
  id: string,
  detail: Detail,
): Promise<{
  readonly png: Uint8Array<ArrayBuffer>;
  /** Path of the full picture. */
  readonly path: string;
  readonly shown: SamplePart | null;
}> {
  const { path, png } = await samplePng(lab, id);
  const sample = lab.sampleById(id);
  const few = FEW[sample.kind];
  const pixels = await lab.samplePixels(id);
  const fewer = pixels.count > few.examples || pixels.frames.length > few.frames;
  if (detail === "full" || png.length <= MOST_BYTES || pixels.heldOut || !fewer) {
    return { path, png: await pngForModel(png, detail), shown: null };
  }
  const shown = {
    examples: Math.min(few.examples, pixels.count),
    frames: Math.min(few.frames, pixels.frames.length),
  };
  const part = await samplePicture(sample, pixels, shown);
  return { path, png: await pngForModel(part, detail), shown };
}

/** Returns width and height from the header of a PNG. */
function sizeOf(png: Uint8Array<ArrayBuffer>): { width: number; height: number } {
  const view = new DataView(png.buffer, png.byteOffset);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

async function resized(
  png: Uint8Array,
  side: number,
  colours?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { default: sharp } = await import("sharp");
  const picture = sharp(png).resize(side, side, { fit: "inside", withoutEnlargement: true });
  const palette = colours === undefined ? {} : { palette: true, colours, dither: 0, effort: 2 };
  return new Uint8Array(await picture.png({ compressionLevel: 9, ...palette }).toBuffer());
}
