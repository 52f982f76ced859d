/** From picture files to pixels of one size. */
import { join } from "node:path";
import { UserError } from "../../engine/host/mod.ts";

/** How pictures are brought to one form. */
export interface PictureForm {
  /** Height and width in pixels. */
  readonly imageSize: number;
  readonly colour: "grey" | "rgb";
}

/** Files that cannot be read are looked for until so many are found, and named together. */
const MOST_DAMAGED = 10;
/** Pictures that are decoded at once; libvips works on threads of its own. */
const AT_ONCE = 8;

/** A file that cannot be read as a picture. */
interface Damaged {
  /** Below the folder. */
  readonly path: string;
  readonly reason: string;
}

/** Values in one picture of this form. */
export function pictureLength({ imageSize, colour }: PictureForm): number {
  return imageSize * imageSize * (colour === "grey" ? 1 : 3);
}

/**
 * Pixels of picture files, one after the other: [paths.length, imageSize, imageSize, channels], 0 to
 * 255 in sRGB.
 *
 * A picture is turned as its EXIF data says, laid on white where it is transparent, scaled to cover
 * the square and cut at its centre; of an animation it is the first frame.
 *
 * @param onDecoded Called after every picture with how many are done.
 * @throws {UserError} Naming the files that are no pictures or are damaged, ten at most. What a
 * decoder only warns of is no damage.
 */
export async function decodePictures(
  folder: string,
  paths: readonly string[],
  form: PictureForm,
  options: { onDecoded?: (done: number) => void; signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const length = pictureLength(form);
  const pixels = new Uint8Array(paths.length * length);
  const damaged: Damaged[] = [];
  let next = 0, done = 0;
  async function decodeInTurn(): Promise<void> {
    while (next < paths.length) {
      const index = next++;
      options.signal?.throwIfAborted();
      const path = join(folder, paths[index]!);
      try {
        const file = sharp(path, { failOn: "error" });
        const picture = file.autoOrient().flatten({ background: "white" });
        pixels.set(await formed(picture, form), index * length);
      } catch (error) {
        damaged.push({ path: paths[index]!, reason: firstLine(error) });
        if (damaged.length === MOST_DAMAGED) next = paths.length;
        continue;
      }
      options.onDecoded?.(++done);
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, paths.length) }, decodeInTurn));
  if (damaged.length > 0) throw damagedError(folder, damaged);
  return pixels;
}

function damagedError(folder: string, damaged: readonly Damaged[]): UserError {
  const [{ path, reason }] = damaged as [Damaged];
  if (damaged.length === 1) {
    return new UserError(
      `Cannot read ${
        join(folder, path)
      } as an image: ${reason}; mend it, or take it out of the folder`,
    );
  }
  const listed = damaged.map(({ path, reason }) => `${path} (${reason})`).sort().join(", ");
  const more = damaged.length >= MOST_DAMAGED ? ", and perhaps more" : "";
  return new UserError(
    `Cannot read ${damaged.length} files in ${folder} as images: ${listed}${more}; mend them, or ` +
      "take them out of the folder",
  );
}

/**
 * The same for raw grey pictures of another size.
 *
 * @param pixels [count, height, width].
 */
export async function formRawPictures(
  pixels: Uint8Array,
  { count, height, width }: { count: number; height: number; width: number },
  form: PictureForm,
): Promise<Uint8Array> {
  const { imageSize, colour } = form;
  if (colour === "grey" && height === imageSize && width === imageSize) return pixels;
  const { default: sharp } = await import("sharp");
  const length = pictureLength(form);
  const formedPixels = new Uint8Array(count * length);
  for (let i = 0; i < count; i++) {
    const one = pixels.subarray(i * height * width, (i + 1) * height * width);
    const picture = sharp(one, { raw: { height, width, channels: 1 } });
    formedPixels.set(await formed(picture, form), i * length);
  }
  return formedPixels;
}

type Picture = import("sharp").Sharp;

async function formed(picture: Picture, { imageSize, colour }: PictureForm): Promise<Uint8Array> {
  const resized = picture.resize(imageSize, imageSize, { fit: "cover", position: "centre" });
  const typed = colour === "grey"
    ? resized.greyscale().toColourspace("b-w")
    : resized.toColourspace("srgb");
  const { data, info } = await typed.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  const channels = colour === "grey" ? 1 : 3;
  if (info.channels !== channels) {
    throw new Error(`it has ${info.channels} channels where ${channels} are wanted`);
  }
  return data;
}

function firstLine(error: unknown): string {
  return (error as Error).message.split("\n")[0]!.trim();
}
