/**
 * PNG encoding and decoding, rendering of SVG, and sheets of small images with text. The text of a sheet is
 * rendered as SVG; the tiles are then copied pixel by pixel, so that scaling is exact.
 */
import { FONT_FAMILY } from "./theme.ts";
import { fileURLToPath } from "node:url";
import fontPackage from "dejavu-fonts-ttf/package.json" with { type: "json" };

/** Colours of a sheet: dark, because digits are white on black, and grey, because sheets of grey images have one
 * channel. */
const SHEET = { background: "#181818", ink: "#eaeaea", muted: "#a3a3a3" } as const;

export interface SheetText {
  readonly text: string;
  readonly x: number;
  /** y coordinate of the baseline. */
  readonly y: number;
  readonly size?: number;
  readonly anchor?: "start" | "middle" | "end";
  readonly muted?: boolean;
}
export interface SheetTile {
  readonly x: number;
  readonly y: number;
  /** height × width × channels values in [-1, 1]. */
  readonly pixels: Float32Array;
}
interface Sheet {
  readonly width: number;
  readonly height: number;
  readonly texts: readonly SheetText[];
  readonly tiles: readonly SheetTile[];
  readonly tileHeight: number;
  readonly tileWidth: number;
  /** 1 for grey tiles (the default), 3 for red, green and blue. */
  readonly channels?: number;
  /** Integer scale factor of the tiles. */
  readonly scale: number;
}

/** Renders the sheet as a PNG with the number of channels of its tiles. */
export async function drawSheet(sheet: Sheet): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, tileHeight, tileWidth, scale, channels = 1 } = sheet;
  const canvas = await renderSvg(sheetSvg(sheet));
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    data[i] = canvas.data[4 * Math.floor(i / channels) + i % channels] ?? 0;
  }
  for (const tile of sheet.tiles) {
    const bytes = toBytes(tile.pixels, tileWidth, channels);
    for (let row = 0; row < tileHeight * scale; row++) {
      const from = Math.floor(row / scale) * tileWidth;
      const to = (tile.y + row) * width + tile.x;
      for (let column = 0; column < tileWidth * scale; column++) {
        const source = (from + Math.floor(column / scale)) * channels;
        data.set(bytes.subarray(source, source + channels), (to + column) * channels);
      }
    }
  }
  return await encodePng({ width, height, channels, data });
}

/**
 * Converts [-1, 1] to 0…255 with clipping. NaN becomes a checkerboard of black and white, so that it is not
 * mistaken for a dark image.
 */
export function toBytes(pixels: Float32Array, width: number, channels = 1): Uint8Array {
  const bytes = new Uint8Array(pixels.length);
  pixels.forEach((value, index) => {
    const place = Math.floor(index / channels);
    bytes[index] = Number.isNaN(value)
      ? ((place % width + Math.floor(place / width)) % 2) * 255
      : Math.max(0, Math.min(255, Math.round((value + 1) * 127.5)));
  });
  return bytes;
}

function sheetSvg(sheet: Sheet): string {
  return String(
    <svg
      xmlns="http://www.w3.org/2000/svg"
      width={sheet.width}
      height={sheet.height}
      font-family={FONT_FAMILY}
    >
      <rect width={sheet.width} height={sheet.height} fill={SHEET.background} />
      {sheet.texts.map((text) => (
        <text
          x={text.x}
          y={text.y}
          font-size={text.size ?? 12}
          text-anchor={text.anchor ?? "start"}
          fill={text.muted ? SHEET.muted : SHEET.ink}
        >
          {text.text}
        </text>
      ))}
    </svg>,
  );
}

// The import of the package's metadata makes Deno download its font files.
const FACES = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"];

/** Returns the paths of the bundled fonts, so that text is rendered on machines without fonts. */
function fontFiles(): string[] {
  return FACES.map((face) => fileURLToPath(import.meta.resolve(`${fontPackage.name}/ttf/${face}`)));
}

/** Pixels of a picture: `data` is height × width × channels, row by row, 0 to 255. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/**
 * Renders an SVG as PNG with the bundled fonts only, so that the result is the same on all machines. A palette of
 * at most 256 colours reduces the size of figures to a third without visible difference.
 */
export async function svgToPng(svg: string): Promise<Uint8Array<ArrayBuffer>> {
  const { default: sharp } = await import("sharp");
  const { width, height, data } = await renderSvg(svg);
  const picture = sharp(data, { raw: { width, height, channels: 4 } });
  return new Uint8Array(await picture.png({ palette: true, effort: 4, dither: 0 }).toBuffer());
}

/** Renders an SVG as RGBA pixels. */
export async function renderSvg(svg: string): Promise<Pixels> {
  const { renderAsync } = await import("@resvg/resvg-js");
  // On a thread of its own: a large figure takes a tenth of a second, and a server answers others meanwhile.
  const { width, height, pixels } = await renderAsync(svg, {
    font: {
      fontFiles: fontFiles(),
      loadSystemFonts: false,
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
    },
  });
  return { width, height, channels: 4, data: pixels };
}

/** Decodes a PNG. */
export async function decodePng(png: Uint8Array): Promise<Pixels> {
  const { default: sharp } = await import("sharp");
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data };
}

/** Encodes pixels as a PNG: greyscale for one channel, RGB for three, RGBA for four. */
export async function encodePng(pixels: Pixels): Promise<Uint8Array<ArrayBuffer>> {
  const { default: sharp } = await import("sharp");
  const { width, height, channels } = pixels;
  const picture = sharp(pixels.data, {
    raw: { width, height, channels: channels as 1 | 2 | 3 | 4 },
  });
  const typed = channels <= 2 ? picture.toColourspace("b-w") : picture;
  return new Uint8Array(await typed.png({ compressionLevel: 9 }).toBuffer());
}
