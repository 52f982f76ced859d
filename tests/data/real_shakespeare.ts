import { join } from "node:path";
import { cacheDirectory } from "../../data/cache_directory.ts";
import { loadTextDataset } from "../../data/mod.ts";

/** Tiny Shakespeare's file, from TEXTDIFFUSION_DATA or else downloaded and cached. */
export async function realShakespeareFile(): Promise<Uint8Array<ArrayBuffer>> {
  const given = Deno.env.get("TEXTDIFFUSION_DATA");
  if (!given) await loadTextDataset("tiny-shakespeare");
  return await Deno.readFile(join(given ?? cacheDirectory(), "shakespeare", "input.txt"));
}
