import { fittingScale } from "./contact_sheet.ts";
import { drawSheet, type SheetText, type SheetTile } from "./sheet.tsx";
import { textWidth } from "./theme.ts";

/** One moment of sampling, for all examples: count × height × width × channels values in
 * [-1, 1] each. */
export interface FilmFrame {
  /** How much noise is left. */
  readonly caption: string;
  /** x_t, the noisy state. */
  readonly noisy: Float32Array;
  /** x̂, what the denoiser believes at x_t. */
  readonly denoised: Float32Array;
}
export interface FilmStrip {
  readonly frames: readonly FilmFrame[];
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** 1 for grey (the default), 3 for red, green and blue. */
  readonly channels?: number;
  readonly scale?: number;
  readonly title?: string;
  /** One text for each example, such as its class. */
  readonly captions?: readonly string[];
}

const MARGIN = 12;
const GAP = 3;
const EXAMPLE_GAP = 10;

/** How sampling went: examples in rows, time in columns, each example's x_t above its x̂. */
export async function filmStrip(strip: FilmStrip): Promise<Uint8Array<ArrayBuffer>> {
  const { frames, count, height, width, channels = 1 } = strip;
  const size = height * width * channels;
  for (const frame of frames) {
    if (frame.noisy.length !== count * size || frame.denoised.length !== count * size) {
      throw new RangeError(
        `Internal: cannot draw the film strip: frame "${frame.caption}" needs ${
          count * size
        } values of x_t ` +
          `and of x̂, got ${frame.noisy.length} and ${frame.denoised.length}`,
      );
    }
  }
  if (frames.length === 0 || count < 1) {
    throw new RangeError(
      "Internal: cannot draw a film strip without frames or examples",
    );
  }
  const captions = strip.captions ?? [];
  const captionWidth = Math.ceil(Math.max(0, ...captions.map((text) => textWidth(text, 12))));
  const left = MARGIN + (captionWidth > 0 ? captionWidth + 10 : 0) + 24;
  const scale = strip.scale ?? fittingScale(frames.length, width, left + MARGIN);
  const top = (strip.title ? 36 : MARGIN) + 18;
  const tileWidth = width * scale;
  const tileHeight = height * scale;
  const exampleHeight = 2 * tileHeight + GAP;
  const texts: SheetText[] = [];
  const tiles: SheetTile[] = [];
  texts.push({ text: "noise", x: left - 7, y: top - 6, size: 11, anchor: "end", muted: true });
  if (strip.title) texts.push({ text: strip.title, x: MARGIN, y: 23 });
  frames.forEach((frame, column) => {
    const x = left + column * (tileWidth + GAP);
    texts.push({
      text: frame.caption,
      x: x + tileWidth / 2,
      y: top - 6,
      size: 11,
      anchor: "middle",
      muted: true,
    });
    for (let example = 0; example < count; example++) {
      const y = top + example * (exampleHeight + EXAMPLE_GAP);
      const from = example * size;
      tiles.push({ x, y, pixels: frame.noisy.subarray(from, from + size) });
      tiles.push({
        x,
        y: y + tileHeight + GAP,
        pixels: frame.denoised.subarray(from, from + size),
      });
    }
  });
  for (let example = 0; example < count; example++) {
    const y = top + example * (exampleHeight + EXAMPLE_GAP);
    const caption = captions[example];
    if (caption) texts.push({ text: caption, x: MARGIN, y: y + exampleHeight / 2 + 4 });
    const label = { x: left - 7, size: 14, anchor: "end", muted: true } as const;
    texts.push({ ...label, text: "xₜ", y: y + tileHeight / 2 + 5 });
    texts.push({ ...label, text: "x̂", y: y + tileHeight + GAP + tileHeight / 2 + 5 });
  }
  const contentWidth = left + frames.length * (tileWidth + GAP) - GAP + MARGIN;
  return await drawSheet({
    width: Math.max(
      contentWidth,
      Math.ceil(strip.title ? textWidth(strip.title, 12) + 2 * MARGIN : 0),
    ),
    height: top + count * (exampleHeight + EXAMPLE_GAP) - EXAMPLE_GAP + MARGIN,
    texts,
    tiles,
    tileHeight: height,
    tileWidth: width,
    channels,
    scale,
  });
}
