/** Listing the images of a folder and their classes. */
import { basename, join } from "node:path";
import { counted, UserError } from "../engine/host/mod.ts";
import { kindOf, statOrUndefined } from "./files.ts";

/** File name extensions of the image formats that sharp reads. */
const PICTURE = /\.(png|jpe?g|webp|gif|avif|tiff?)$/i;
/** Files in the layout of MNIST. */
const IDX = /(images|labels).*idx[13]/i;
/** Largest image file in bytes. */
const MOST_PICTURE_BYTES = 2 ** 28;
/** Labels are stored as bytes. */
const MOST_CLASSES = 256;

/** A file with the attributes that change when it is modified. */
export interface FoundFile {
  /** Path relative to the folder, with "/" as separator on every system. */
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
}

/** An image file and its class index. */
interface LabelledFile extends FoundFile {
  readonly label: number;
}

interface PictureListing {
  /** In the order of their paths. */
  readonly files: readonly LabelledFile[];
  readonly classNames: readonly string[];
}

/**
 * Returns all regular files below a folder sorted by path. Links are followed; hidden files are skipped.
 *
 * @throws {UserError} If a folder cannot be read, or if an entry with the name of an image or IDX file is a
 * broken link, a pipe or a device.
 */
export async function filesBelow(folder: string): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  await collect(folder, "", new Set(), found);
  return found.sort((a, b) => a.path < b.path ? -1 : 1);
}

async function collect(
  folder: string,
  below: string,
  seen: Set<string>,
  found: FoundFile[],
): Promise<void> {
  const here = join(folder, below);
  try {
    const real = await Deno.realPath(here);
    // A link to a parent folder would lead to an endless loop.
    if (seen.has(real)) return;
    seen.add(real);
    for await (const { name } of Deno.readDir(here)) {
      if (name.startsWith(".")) continue;
      const path = below === "" ? name : `${below}/${name}`;
      const info = await statOrUndefined(join(folder, path));
      if (info?.isDirectory) await collect(folder, path, seen, found);
      else if (info?.isFile) {
        found.push({ path, bytes: info.size, modified: info.mtime?.getTime() ?? 0 });
      } else if (PICTURE.test(name) || IDX.test(name)) {
        throw new UserError(
          `Cannot read ${join(folder, path)}: it is ${
            info ? kindOf(info) : "a link to nothing"
          }, ` +
            "only regular files are read; mend it, or take it out of the folder",
        );
      }
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (below === "" && error instanceof Deno.errors.NotFound) {
      throw new UserError(`Cannot find the folder ${folder}: name a folder of images that exists`);
    }
    throw new UserError(
      `Cannot read the folder ${here}: ${(error as Error).message}; make it readable, or name ` +
        "another folder",
    );
  }
}

/**
 * Selects the image files and assigns their classes. Each subfolder is a class, numbered in the order of
 * the names; images in nested folders belong to the topmost subfolder. Without subfolders there is one
 * class. Other files, and subfolders without images, are ignored.
 *
 * @throws {UserError} If there are too few images, one is too large, or only some are in subfolders.
 */
export function listPictures(files: readonly FoundFile[], folder: string): PictureListing {
  const pictures = files.filter(({ path }) => PICTURE.test(path));
  if (pictures.length === 0) {
    throw new UserError(
      `Cannot use ${folder}: it holds no images; put PNG, JPEG, WebP, GIF, AVIF or TIFF files into ` +
        "it, or into a subfolder for each class, or IDX files of images and labels",
    );
  }
  requireEnough(pictures.length, folder);
  const large = pictures.find(({ bytes }) => bytes > MOST_PICTURE_BYTES);
  if (large) {
    throw new UserError(
      `Cannot use ${
        join(folder, large.path)
      }: it has ${large.bytes} bytes, the most for a picture ` +
        `is ${MOST_PICTURE_BYTES}; take it out of the folder, or make it smaller`,
    );
  }
  const loose = pictures.find(({ path }) => !path.includes("/"));
  const nested = pictures.find(({ path }) => path.includes("/"));
  if (loose && nested) {
    throw new UserError(
      `Cannot use ${folder}: ${loose.path} lies beside subfolders with images (${nested.path}); ` +
        "move it into the subfolder of its class",
    );
  }
  const classOf = (path: string) => loose ? basename(folder) : path.slice(0, path.indexOf("/"));
  const classNames = [...new Set(pictures.map(({ path }) => classOf(path)))].sort();
  if (classNames.length > MOST_CLASSES) {
    throw new UserError(
      `Cannot use ${folder}: it has ${classNames.length} subfolders with images, the most is ` +
        `${MOST_CLASSES} classes; put them into fewer`,
    );
  }
  const numbers = new Map(classNames.map((name, number) => [name, number]));
  return {
    files: pictures.map((file) => ({ ...file, label: numbers.get(classOf(file.path))! })),
    classNames,
  };
}

/** @throws {UserError} If there are too few images for training, validation and testing. */
export function requireEnough(count: number, folder: string): void {
  if (count >= 3) return;
  throw new UserError(
    `Cannot use ${folder}: it holds ${counted(count, "image")}, at least 3 ` +
      "are needed: one to train on, one to validate with and one to hold out",
  );
}
