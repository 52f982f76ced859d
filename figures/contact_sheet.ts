/** Contact sheets of images, and film strips of their denoising. */
import { drawSheet, type SheetText, type SheetTile } from "./png.tsx";
import { textWidth } from "./theme.ts";

interface ContactSheet {
  /** count × height × width × channels values in [-1, 1]. */
  readonly images: Float32Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** 1 for grey (the default), 3 for red, green and blue. */
  readonly channels?: number;
  /** Number of columns, at most ten. By default the sheet is about twice as wide as high, with full rows if possible. */
  readonly columns?: number | undefined;
  /** Integer scale factor. By default the largest up to 3 for which the sheet is at most 740 pixels wide. */
  readonly scale?: number;
  readonly title?: string;
  /** Caption below each tile. */
  readonly captions?: readonly string[];
  /** Caption left of each row. */
  readonly rowCaptions?: readonly string[];
}

const MARGIN = 12;
const GAP = 4;
const CAPTION_SIZE = 11;
/** Largest width in pixels, which is readable in a column and takes few image tokens. */
const MAX_WIDTH = 740;

/** Renders images as one PNG with nearest-neighbour scaling. */
export async function contactSheet(sheet: ContactSheet): Promise<Uint8Array<ArrayBuffer>> {
  const { count, height, width, channels = 1, captions, rowCaptions } = sheet;
  const size = height * width * channels;
  const columns = Math.max(1, Math.min(count, sheet.columns ?? balancedColumns(count)));
  const rows = Math.ceil(count / columns);
  const left = MARGIN +
    (rowCaptions ? Math.ceil(Math.max(...rowCaptions.map((text) => textWidth(text, 12)))) + 8 : 0);
  const scale = sheet.scale ?? fittingScale(columns, width, left + MARGIN);
  const top = sheet.title ? 36 : MARGIN;
  const captionHeight = captions ? CAPTION_SIZE + 7 : 0;
  const stepX = width * scale + GAP;
  const stepY = height * scale + captionHeight + GAP;
  const texts: SheetText[] = [];
  const tiles: SheetTile[] = [];
  for (let index = 0; index < count; index++) {
    const x = left + (index % columns) * stepX;
    const y = top + Math.floor(index / columns) * stepY;
    tiles.push({
      x,
      y,
      pixels: sheet.images.subarray(index * size, (index + 1) * size),
    });
    texts.push({
      text: shortened(captions?.[index] ?? "", stepX, CAPTION_SIZE),
      x: x + width * scale / 2,
      y: y + height * scale + CAPTION_SIZE + 2,
      size: CAPTION_SIZE,
      anchor: "middle",
      muted: true,
    });
  }
  rowCaptions?.slice(0, rows).forEach((text, row) =>
    texts.push({
      text,
      x: left - 8,
      y: top + row * stepY + height * scale / 2 + 4,
      anchor: "end",
      muted: true,
    })
  );
  if (sheet.title) texts.push({ text: sheet.title, x: MARGIN, y: 23, size: 12 });
  const contentWidth = left + columns * stepX - GAP + MARGIN;
  const titleWidth = sheet.title ? textWidth(sheet.title, 12) + 2 * MARGIN : 0;
  return await drawSheet({
    width: Math.min(
      Math.max(contentWidth, Math.ceil(titleWidth)),
      Math.max(contentWidth, MAX_WIDTH),
    ),
    height: top + rows * stepY - GAP + MARGIN,
    texts: texts.filter((text) => text.text !== ""),
    tiles,
    tileHeight: height,
    tileWidth: width,
    channels,
    scale,
  });
}

/** Truncates a text with "…" to a width in pixels. */
function shortened(text: string, width: number, size: number): string {
  if (textWidth(text, size) <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && textWidth(`${letters.join("")}…`, size) > width) letters.pop();
  return `${letters.join("")}…`;
}

/** Returns the number of columns with full rows whose sheet is closest to twice as wide as high. */
function balancedColumns(count: number): number {
  if (count <= 10) return count;
  const wish = Math.min(10, Math.sqrt(2 * count));
  const distance = (columns: number) => Math.abs(Math.log(columns / wish));
  const full = [10, 9, 8, 7, 6, 5, 4].filter((columns) => count % columns === 0);
  if (full.length === 0) return Math.round(wish);
  return full.reduce((best, columns) => distance(columns) < distance(best) ? columns : best);
}

/** Returns the largest scale factor up to 3 for which the columns fit in the largest width. */
function fittingScale(columns: number, tileWidth: number, margins: number): number {
  const room = (MAX_WIDTH - margins - GAP * (columns - 1)) / (columns * tileWidth);
  return Math.max(1, Math.min(3, Math.floor(room)));
}

/** One state of sampling for all examples: count × height × width × channels values in [-1, 1] each. */
export interface FilmFrame {
  /** Caption, such as the remaining noise. */
  readonly caption: string;
  /** x_t, the noisy state. */
  readonly noisy: Float32Array;
  /** x̂, the denoised estimate at x_t. */
  readonly denoised: Float32Array;
}
interface FilmStrip {
  readonly frames: readonly FilmFrame[];
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** 1 for grey (the default), 3 for red, green and blue. */
  readonly channels?: number;
  readonly scale?: number;
  readonly title?: string;
  /** Caption of each example, such as its class. */
  readonly captions?: readonly string[];
}

const STRIP_GAP = 3;
const EXAMPLE_GAP = 10;

/** Renders the course of sampling: examples in rows, time in columns, x_t of each example above x̂. */
export async function filmStrip(strip: FilmStrip): Promise<Uint8Array<ArrayBuffer>> {
  const { frames, count, height, width, channels = 1 } = strip;
  const size = height * width * channels;
  const captions = strip.captions ?? [];
  const captionWidth = Math.ceil(Math.max(0, ...captions.map((text) => textWidth(text, 12))));
  const left = MARGIN + (captionWidth > 0 ? captionWidth + 10 : 0) + 24;
  const scale = strip.scale ?? fittingScale(frames.length, width, left + MARGIN);
  const top = (strip.title ? 36 : MARGIN) + 18;
  const tileWidth = width * scale;
  const tileHeight = height * scale;
  const exampleHeight = 2 * tileHeight + STRIP_GAP;
  const texts: SheetText[] = [];
  const tiles: SheetTile[] = [];
  texts.push({ text: "noise", x: left - 7, y: top - 6, size: 11, anchor: "end", muted: true });
  if (strip.title) texts.push({ text: strip.title, x: MARGIN, y: 23 });
  frames.forEach((frame, column) => {
    const x = left + column * (tileWidth + STRIP_GAP);
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
        y: y + tileHeight + STRIP_GAP,
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
    texts.push({ ...label, text: "x̂", y: y + tileHeight + STRIP_GAP + tileHeight / 2 + 5 });
  }
  const contentWidth = left + frames.length * (tileWidth + STRIP_GAP) - STRIP_GAP + MARGIN;
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
