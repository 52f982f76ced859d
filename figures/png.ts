import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
// Importing the package's description is what makes sure that its font files are downloaded.
import fontPackage from "dejavu-fonts-ttf/package.json" with { type: "json" };

const FACES = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"];

/** Where the bundled fonts lie: machines without any font of their own must still show text. */
export function fontFiles(): string[] {
  return FACES.map((face) => fileURLToPath(import.meta.resolve(`${fontPackage.name}/ttf/${face}`)));
}

/**
 * Renders an SVG as PNG, `width` pixels wide (by default as wide as the SVG says), with the bundled
 * fonts only, so that a picture is the same on every machine.
 */
export async function svgToPng(
  svg: string,
  options: { readonly width?: number; readonly background?: string } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { Resvg } = await import("@resvg/resvg-js");
  const rendered = new Resvg(svg, {
    fitTo: options.width === undefined
      ? { mode: "original" }
      : { mode: "width", value: options.width },
    font: {
      fontFiles: fontFiles(),
      loadSystemFonts: false,
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
    },
    ...(options.background === undefined ? {} : { background: options.background }),
  });
  return new Uint8Array(rendered.render().asPng());
}

/** Pixels of a picture: `data` is height × width × channels, row by row, 0 to 255. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
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
