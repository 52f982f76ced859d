/** Files that are either whole or not there. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { processExists } from "./processes.ts";

const TEMPORARY = /^\..+\.tmp$/;
/** The process that wrote a temporary file, in its name. */
const WRITER = /\.(\d+)\.[\da-f-]{36}\.tmp$/;

/**
 * Writes a file under a temporary name beside it, flushes it to the disk, and renames it: whoever
 * looks sees the old file or the new one, even if this process is killed on the way.
 */
export function writeFileAtomically(path: string, bytes: Uint8Array): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path)}.${process.pid}.${crypto.randomUUID()}.tmp`);
  try {
    const file = openSync(temporary, "wx");
    try {
      for (let written = 0; written < bytes.length;) {
        written += writeSync(file, bytes, written, bytes.length - written);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Deletes files in a folder for which `wanted` is false; a missing folder is empty. */
export function deleteUnwanted(folder: string, wanted: (name: string) => boolean): void {
  for (const name of namesIn(folder)) {
    if (!wanted(name)) rmSync(join(folder, name), { force: true });
  }
}

/** Whether {@link writeFileAtomically} left it behind when its process was killed. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

/** Whether it is a temporary file of a process that is no more. */
export function isAbandoned(name: string): boolean {
  const writer = WRITER.exec(name)?.[1];
  return isTemporary(name) && writer !== undefined && !processExists(Number(writer));
}

/** Names of the files in a folder; none where it is missing. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
