import { join } from "node:path";
import { cacheDirectory } from "../../data/cache_directory.ts";
import { loadImageDataset } from "../../data/mod.ts";
import { MNIST } from "../../data/mnist.ts";

/** The gzipped files of MNIST by name, from TEXTDIFFUSION_DATA or else downloaded and cached. */
export async function realMnistFiles(): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const given = Deno.env.get("TEXTDIFFUSION_DATA");
  if (!given) await loadImageDataset("mnist");
  const folder = join(given ?? cacheDirectory(), "mnist");
  const names = Object.keys(MNIST.files).map((name) => `${name}.gz`);
  const files = names.map(async (name) => [name, await Deno.readFile(join(folder, name))] as const);
  return Object.fromEntries(await Promise.all(files));
}
