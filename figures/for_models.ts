/**
 * Pictures as a model is given them. A client sends them again with every turn, and what is larger
 * than 1,568 pixels is scaled down on the way, so they are small unless all of it is asked for.
 */
import type { Lab, Sample } from "../experiments/mod.ts";
import { type SamplePart, samplePicture, samplePng } from "./sample_picture.ts";

/** "small" is at most {@link MOST_BYTES}; "full" is the whole picture. */
export type Detail = "small" | "full";

/** Pixels on either side that no picture exceeds. */
export const MOST_SIDE = 1568;
/** Bytes of a small picture's file. */
export const MOST_BYTES = 60_000;

/** What a small picture shows, by the kind of the sample. */
const FEW = {
  "film-strip": { examples: 4, frames: 6 },
  "contact-sheet": { examples: 80, frames: 0 },
} as const satisfies Record<Sample["kind"], SamplePart>;
/** Numbers of colours that are tried in turn; greys of a digit are still told apart at the last. */
const COLOURS = [64, 16];
/** What a side is multiplied by at most as long as too many bytes are left. */
const SHRINKING = 0.9;

/**
 * The picture within the limits of its detail: on either side at most {@link MOST_SIDE} pixels, and
 * small with as many colours, and then pixels, as {@link MOST_BYTES} allow.
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

/** A sample's picture, and how much of the sample it shows; null where it shows all that there is. */
export async function sampleForModel(
  lab: Pick<Lab, "workspace" | "sampleById" | "samplePixels">,
  id: string,
  detail: Detail,
): Promise<{
  readonly png: Uint8Array<ArrayBuffer>;
  /** The file of the whole picture. */
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

/** Width and height, which stand at the beginning of every PNG. */
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
