/** Folders of pictures for tests: made-up digits as PNG files, or whatever is wanted. */
import { dirname, join } from "node:path";
import sharp from "sharp";
import { loadImageDataset } from "../../data/mod.ts";

export class Folder implements Disposable {
  readonly path = Deno.realPathSync(Deno.makeTempDirSync());
  readonly inside = join(this.path, "pictures");
  readonly cache = join(this.path, "cache");
  constructor() {
    Deno.mkdirSync(this.inside);
  }
  /** Writes a file below the folder of pictures. */
  write(name: string, bytes: Uint8Array): string {
    const path = join(this.inside, name);
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeFileSync(path, bytes);
    return path;
  }
  /** Names of what the cache holds. */
  cached(): string[] {
    return [...Deno.readDirSync(join(this.cache, "folders"))].map(({ name }) => name).sort();
  }
  [Symbol.dispose]() {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** A PNG of one colour. */
export async function plainPng(
  width: number,
  height: number,
  [r, g, b, alpha = 1]: readonly [number, number, number, number?],
): Promise<Uint8Array> {
  const create = { width, height, channels: 4 as const, background: { r, g, b, alpha } };
  return new Uint8Array(await sharp({ create }).png().toBuffer());
}

/** A grey PNG of these pixels. */
export async function greyPng(pixels: Uint8Array, size: number): Promise<Uint8Array> {
  const picture = sharp(pixels, { raw: { width: size, height: size, channels: 1 } });
  return new Uint8Array(await picture.toColourspace("b-w").png().toBuffer());
}

/** Writes made-up digits as PNG files into a subfolder for each of so many classes. */
export async function writeDigits(folder: Folder, count: number, classes: number): Promise<void> {
  const { train } = await loadImageDataset("made-up-digits");
  for (let i = 0, written = 0; written < count; i++) {
    const label = train.labels[i]!;
    if (label >= classes) continue;
    const png = await greyPng(train.pixels.subarray(i * 784, (i + 1) * 784), 28);
    folder.write(`digit-${label}/${String(i).padStart(5, "0")}.png`, png);
    written++;
  }
}
