import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
// Importing the package's description is what makes sure that its font files are downloaded.
import fontPackage from "dejavu-fonts-ttf/package.json" with { type: "json" };

const FACES = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"];

/** Where the bundled fonts lie: machines without any font of their own must still show text. */
export function fontFiles(): string[] {
  return FACES.map((face) => fileURLToPath(import.meta.resolve(`${fontPackage.name}/ttf/${face}`)));
}

/** Pixels of a picture: `data` is height × width × channels, row by row, 0 to 255. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

interface RenderOptions {
  /** In pixels; by default as wide as the SVG says. */
  readonly width?: number;
}

/**
 * Renders an SVG as PNG, with the bundled fonts only, so that a picture is the same everywhere. It is
 * written with a palette of at most 256 colours, which our quiet figures do not exceed visibly and
 * which makes the file a third as large.
 */
export async function svgToPng(
  svg: string,
  options: RenderOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { default: sharp } = await import("sharp");
  const { width, height, data } = await renderSvg(svg, options);
  const picture = sharp(data, { raw: { width, height, channels: 4 } });
  return new Uint8Array(await picture.png({ palette: true, effort: 4, dither: 0 }).toBuffer());
}

/** Renders an SVG as RGBA pixels. */
export async function renderSvg(svg: string, options: RenderOptions = {}): Promise<Pixels> {
  const image = await render(svg, options);
  return { width: image.width, height: image.height, channels: 4, data: image.pixels };
}

async function render(svg: string, options: RenderOptions) {
  const { Resvg } = await import("@resvg/resvg-js");
  return new Resvg(svg, {
    fitTo: options.width === undefined
      ? { mode: "original" }
      : { mode: "width", value: options.width },
    font: {
      fontFiles: fontFiles(),
      loadSystemFonts: false,
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
    },
  }).render();
}

/** Reads a PNG (bytes, or the path of a file) back into pixels. */
export async function decodePng(png: Uint8Array | string): Promise<Pixels> {
  const { default: sharp } = await import("sharp");
  const bytes = typeof png === "string" ? await readFile(png) : png;
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data };
}

/** Writes pixels as a PNG: greyscale for one channel, RGB for three, RGBA for four. */
export async function encodePng(pixels: Pixels): Promise<Uint8Array<ArrayBuffer>> {
  const { default: sharp } = await import("sharp");
  const { width, height, channels } = pixels;
  const picture = sharp(pixels.data, {
    raw: { width, height, channels: channels as 1 | 2 | 3 | 4 },
  });
  const typed = channels <= 2 ? picture.toColourspace("b-w") : picture;
  return new Uint8Array(await typed.png({ compressionLevel: 9 }).toBuffer());
}
