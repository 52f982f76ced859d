/** One writer at a time in a folder of entries, whichever process it is in. */
import { mkdirSync } from "node:fs";
import process from "node:process";
import { UserError } from "../engine/host/mod.ts";

/** How long a writer waits for another, in milliseconds. Writing takes a few. */
const PATIENCE = 10_000;
const POLL = 5;

/**
 * Does `work` while no other process does any in this folder, which is made if it is missing. The lock
 * is the operating system's, on a file beside the folder: it ends with the process that holds it,
 * however that ends, so that none is ever left behind.
 *
 * @param patience How long to wait for another process, in milliseconds.
 * @throws {UserError} If another process holds the lock for longer, or the folder cannot be written.
 */
export function withLock<T>(directory: string, work: () => T, patience = PATIENCE): T {
  const path = `${directory}.lock`;
  using file = openLock(directory, path);
  const deadline = Date.now() + patience;
  while (!file.tryLockSync(true)) {
    if (Date.now() > deadline) {
      throw new UserError(
        `The journal ${directory} cannot be written: process ${
          Deno.readTextFileSync(path).trim() || "unknown"
        } holds ${path} for more than ${patience / 1000} s; continue or end that process`,
      );
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL);
  }
  file.truncateSync();
  file.writeSync(new TextEncoder().encode(`${process.pid}\n`));
  return work();
}

function openLock(directory: string, path: string): Deno.FsFile {
  try {
    mkdirSync(directory, { recursive: true });
    return Deno.openSync(path, { create: true, write: true });
  } catch (error) {
    throw new UserError(
      `The journal ${directory} cannot be written: ${(error as Error).message}`,
    );
  }
}
