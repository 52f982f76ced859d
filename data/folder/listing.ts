/** Which pictures a folder holds, and of which classes. */
import { basename, join } from "node:path";
import { UserError } from "../../engine/host/mod.ts";

/** Formats that sharp reads, by what file names end in. */
const PICTURE = /\.(png|jpe?g|webp|gif|avif|tiff?)$/i;
/** Labels are bytes. */
const MOST_CLASSES = 256;

/** A file as it was found: what tells whether it has changed since. */
export interface FoundFile {
  /** Below the folder, with "/" between its parts on every system. */
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
}

/** A picture's file and the number of its class. */
export interface LabelledFile extends FoundFile {
  readonly label: number;
}

export interface PictureListing {
  /** In the order of their paths. */
  readonly files: readonly LabelledFile[];
  readonly classNames: readonly string[];
}

/**
 * All files below a folder in the order of their paths, links followed, hidden ones left out.
 *
 * @throws {UserError} If the folder or one in it cannot be read.
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
    // A link to a folder above would go round for ever.
    if (seen.has(real)) return;
    seen.add(real);
    for await (const { name } of Deno.readDir(here)) {
      if (name.startsWith(".")) continue;
      const path = below === "" ? name : `${below}/${name}`;
      const { isDirectory, isFile, size, mtime } = await Deno.stat(join(folder, path));
      if (isDirectory) await collect(folder, path, seen, found);
      else if (isFile) found.push({ path, bytes: size, modified: mtime?.getTime() ?? 0 });
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
 * The pictures among files. Subfolders are classes, named as they are and numbered in the order of
 * their names; pictures in deeper folders belong to the topmost. Without subfolders there is one
 * class. Other files, and subfolders without a picture, do not count.
 *
 * @throws {UserError} If there are too few, or some lie in subfolders and some do not.
 */
export function picturesAmong(files: readonly FoundFile[], folder: string): PictureListing {
  const pictures = files.filter(({ path }) => PICTURE.test(path));
  if (pictures.length === 0) {
    throw new UserError(
      `Cannot use ${folder}: it holds no images; put PNG, JPEG, WebP, GIF, AVIF or TIFF files into ` +
        "it, or into a subfolder for each class, or IDX files of images and labels",
    );
  }
  requireEnough(pictures.length, folder);
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

/** @throws {UserError} If a split leaves nothing to train, to validate or to test with. */
export function requireEnough(count: number, folder: string): void {
  if (count >= 3) return;
  throw new UserError(
    `Cannot use ${folder}: it holds ${count === 1 ? "one image" : `${count} images`}, at least 3 ` +
      "are needed: one to train on, one to validate with and one to hold out",
  );
}
