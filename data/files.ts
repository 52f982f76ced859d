/**
 * Local files: reading files at paths from callers, verification of content, and the cache directory.
 */
import { createHash } from "node:crypto";
import { isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { UserError } from "../engine/host/mod.ts";

/** Returns the kind of a file system entry in words. */
export function kindOf(info: Deno.FileInfo): string {
  if (info.isFile) return "a file";
  if (info.isDirectory) return "a directory";
  if (info.isFifo) return "a named pipe";
  if (info.isSocket) return "a socket";
  return info.isCharDevice || info.isBlockDevice ? "a device" : "no regular file";
}

/**
 * Validates a path before it is opened: only regular files of limited size are accepted, because a named
 * pipe would block forever, and a device such as `/dev/zero` never ends.
 *
 * @param most Largest size of the file in bytes.
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
 * Reads a regular file, following links. It reads no more than the size of the file when it was opened, so
 * files that grow, or report a size of 0 (as in `/proc`), are handled.
 *
 * @param most Largest size of the file in bytes.
 * @throws {UserError} As `requireRegularFile()` does.
 * @throws {Deno.errors.NotFound} If the file does not exist; other errors of the system are not changed.
 */
export async function readRegularFile(
  path: string,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  // Checked before opening, because opening a pipe waits for its writer.
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

/** Returns the attributes of a file system entry, following links; undefined if there is none. */
export async function statOrUndefined(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Writes bytes at the position of an open file. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
}

/** The expected size and checksum of a file. */
export type ExpectedContent =
  & {
    /** Size of the decompressed content. */
    readonly bytes: number;
  }
  & ({
    /** SHA-256 of the decompressed content, in hexadecimal; the compressed data differs between mirrors. */
    readonly sha256: string;
  } | {
    /** MD5 of the gzipped file, in hexadecimal, for data whose publishers provide nothing else. It detects
     * accidental damage only, and only of the file as published. */
    readonly gzipMd5: string;
  });

/** Returns the SHA-256 of concatenated byte strings and texts, in hexadecimal. */
export function sha256(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/**
 * Decompresses a file if it is gzipped, and returns it unchanged otherwise.
 *
 * @param limit Largest size of the decompressed content in bytes.
 * @throws {Error} If the compressed file is damaged or holds more.
 */
export async function decompress(file: Uint8Array, limit: number): Promise<Uint8Array> {
  if (file[0] !== 0x1f || file[1] !== 0x8b) return file;
  return await promisify(gunzip)(file, { maxOutputLength: limit });
}

/**
 * Decompresses and verifies a file.
 *
 * @returns The content, or `{ wrong }` with the reason.
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

/** The environment that the location depends on. */
interface Environment {
  readonly os: typeof Deno.build.os;
  env(name: string): string | undefined;
}

/**
 * Returns the cache directory: `textdiffusion` in `XDG_CACHE_HOME` if that is set (an absolute path, by the
 * XDG Base Directory Specification), otherwise in `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on
 * Windows, and `~/.cache` elsewhere.
 *
 * @throws {UserError} If the environment defines no home directory.
 */
export function cacheDirectory(
  { os, env }: Environment = { os: Deno.build.os, env: (name) => Deno.env.get(name) },
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
 * Creates a folder if necessary and holds an exclusive lock on it until disposed. The operating system
 * releases the lock when the process ends.
 *
 * @throws {UserError} If it cannot be written; the message says what to do.
 */
export async function lockFolder(folder: string, unavailableAdvice: string): Promise<Disposable> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    const file = await Deno.open(join(folder, ".lock"), { create: true, write: true });
    await file.lock(true);
    return file;
  } catch (error) {
    throw new UserError(
      `Cannot write the cache directory ${folder}: ${
        (error as Error).message
      }. ${unavailableAdvice}`,
    );
  }
}
