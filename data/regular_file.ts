/**
 * Reading files whose paths callers give. Only regular files of bounded size are opened: a named pipe
 * would block for ever, and a device such as `/dev/zero` never ends.
 */
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
 * Checks what a path leads to, before it is opened.
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
