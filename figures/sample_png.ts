import { readFile, rename, rm, writeFile } from "node:fs/promises";
import type { Lab } from "../experiments/mod.ts";
import { samplePicture } from "./sample_picture.ts";

/** Part of the cached file's name: raise it when pictures are drawn differently. */
const DRAWING = 1;

/**
 * The picture of a stored sample, drawn once and kept beside its pixels.
 *
 * @throws {UserError} If there is no such sample.
 */
export async function samplePng(
  lab: Pick<Lab, "sampleById" | "samplePixels">,
  id: string,
): Promise<{ readonly path: string; readonly png: Uint8Array<ArrayBuffer> }> {
  const sample = lab.sampleById(id);
  const path = `${sample.path.replace(/\.safetensors$/, "")}.${DRAWING}.png`;
  try {
    return { path, png: new Uint8Array(await readFile(path)) };
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
  }
  const png = await samplePicture(sample, await lab.samplePixels(id));
  // Another process may draw the same picture now: a file of its own, then one rename.
  const own = `${path}.${crypto.randomUUID()}`;
  try {
    await writeFile(own, png);
    await rename(own, path);
  } catch (error) {
    await rm(own, { force: true });
    throw error;
  }
  return { path, png };
}
