/**
 * Files on this machine: reading those whose paths callers give, recognising content, and the folder
 * where this program caches.
 */
import { createHash } from "node:crypto";
import { isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { UserError } from "../engine/host/mod.ts";

/** What is found at a path, in words. */
export function kindOf(info: Deno.FileInfo): string {
  if (info.isFile) return "a file";
  if (info.isDirectory) return "a directory";
  if (info.isFifo) return "a named pipe";
  if (info.isSocket) return "a socket";
  return info.isCharDevice || info.isBlockDevice ? "a device" : "no regular file";
}

/**
 * Checks what a path leads to, before it is opened. Only regular files of bounded size are: a named
 * pipe would block for ever, and a device such as `/dev/zero` never ends.
 *
 * @param most Bytes that the file may have.
 * @throws {UserError} If it is not a regular file, or has more bytes.
 */
export function requireRegularFile(path: string, info: Deno.FileInfo, most: number): void {
  if (!info.isFile) {
    throw new UserError(
      `Cannot read ${path}: it is ${kindOf(info)}, name a regular file of at most ${most} bytes`,
    );
  }
  if (info.size > most) {
    throw new UserError(`Cannot use ${path}: it has ${info.size} bytes, the most is ${most}`);
  }
}

/**
 * Reads a whole regular file. Links are followed. No more bytes are read than the file had when it
 * was opened, so a file that grows meanwhile, or claims to be empty (as those of `/proc` do), ends.
 *
 * @param most Bytes that the file may have.
 * @throws {UserError} As `requireRegularFile()` does.
 * @throws {Deno.errors.NotFound} If there is nothing, and other errors of the system.
 */
export async function readRegularFile(
  path: string,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  // Before it is opened, because opening a pipe waits for its writer.
  requireRegularFile(path, await Deno.stat(path), most);
  using file = await Deno.open(path);
  const info = await file.stat();
  requireRegularFile(path, info, most);
  const bytes = new Uint8Array(info.size);
  let filled = 0;
  while (filled < bytes.length) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) break;
    filled += read;
  }
  return bytes.subarray(0, filled);
}

/** What a file must be. */
export type ExpectedContent =
  & {
    /** Its size, decompressed. */
    readonly bytes: number;
  }
  & ({
    /** Of the decompressed content, in hexadecimal: the compressed bytes differ between mirrors. */
    readonly sha256: string;
  } | {
    /** Of the gzipped file itself, in hexadecimal. For data whose publishers give nothing but this: it
     * tells accidents, not forgeries, and only of the very file that they published. */
    readonly gzipMd5: string;
  });

/** SHA-256, in hexadecimal, of byte strings one after the other. */
export function sha256(...parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/**
 * Decompresses a file if it is gzipped, and gives it back as it is if not.
 *
 * @param limit No more bytes than this are produced.
 * @throws {Error} If the compressed file is damaged or holds more.
 */
export async function decompress(file: Uint8Array, limit: number): Promise<Uint8Array> {
  if (file[0] !== 0x1f || file[1] !== 0x8b) return file;
  return await promisify(gunzip)(file, { maxOutputLength: limit });
}

/**
 * The decompressed content of a file, if it is what was expected.
 *
 * @returns The content, or `{ wrong }` with what is wrong with it.
 */
export async function verify(
  file: Uint8Array,
  expected: ExpectedContent,
): Promise<{ content: Uint8Array } | { wrong: string }> {
  if ("gzipMd5" in expected) {
    const md5 = createHash("md5").update(file).digest("hex");
    if (md5 !== expected.gzipMd5) {
      return { wrong: `the file has MD5 ${md5}, the published gzipped one ${expected.gzipMd5}` };
    }
  }
  let content: Uint8Array;
  try {
    content = await decompress(file, expected.bytes + 1);
  } catch (error) {
    return { wrong: `it cannot be decompressed (${(error as Error).message})` };
  }
  if ("gzipMd5" in expected) return { content };
  const hash = sha256(content);
  if (hash === expected.sha256) return { content };
  return {
    wrong: `its content has SHA-256 ${hash}, expected is ${expected.sha256}`,
  };
}

/** What the choice depends on. */
export interface Surroundings {
  readonly os: typeof Deno.build.os;
  env(name: string): string | undefined;
}

/**
 * The directory for this program's caches, by the custom of the operating system: `XDG_CACHE_HOME`
 * where it is set (an absolute path, by the XDG Base Directory Specification), else
 * `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows, `~/.cache` elsewhere; in it
 * `textdiffusion`.
 *
 * @throws {UserError} If the environment names no home.
 */
export function cacheDirectory(
  { os, env }: Surroundings = { os: Deno.build.os, env: (name) => Deno.env.get(name) },
): string {
  const xdg = env("XDG_CACHE_HOME");
  if (xdg && isAbsolute(xdg)) return join(xdg, "textdiffusion");
  const [variable, below] = os === "windows"
    ? ["LOCALAPPDATA", ""]
    : ["HOME", os === "darwin" ? "Library/Caches" : ".cache"];
  const base = env(variable);
  if (!base) {
    throw new UserError(
      `Cannot find a cache directory: the environment variable ${variable} is not set; ` +
        "set it, or name a directory with the data with TEXTDIFFUSION_DATA",
    );
  }
  return join(base, below, "textdiffusion");
}

/**
 * Makes the folder if need be and locks it against other processes until disposed; the system lets
 * go of it if the process dies.
 *
 * @throws {UserError} If it cannot be written, with what to do about it.
 */
export async function lockFolder(folder: string, waysOut: string): Promise<Disposable> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    const file = await Deno.open(join(folder, ".lock"), { create: true, write: true });
    await file.lock(true);
    return file;
  } catch (error) {
    throw new UserError(
      `Cannot write the cache directory ${folder}: ${(error as Error).message}. ${waysOut}`,
    );
  }
}
