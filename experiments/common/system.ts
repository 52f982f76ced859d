/** What is asked of the system: files that are either whole or not there, whether a process lives, and which code made a number. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { deserialize, serialize } from "node:v8";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { UserError } from "../../engine/host/mod.ts";

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

const DIGEST_LENGTH = 32;

/**
 * Writes a finished part of some work: any value that can be cloned, typed arrays among them.
 *
 * @param stamp All that the part depends on and that its path does not say.
 */
export function writePart(path: string, stamp: string, value: unknown): void {
  const content = serialize({ stamp, value });
  writeFileAtomically(path, Buffer.concat([digestOf(content), content]));
}

/** What was written there; nothing where there is no file, a damaged one, or one of another stamp. */
export function readPart<T>(path: string, stamp: string): { readonly value: T } | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    // Whatever is wrong with the file, the part can be made again.
    return undefined;
  }
  const content = bytes.subarray(DIGEST_LENGTH);
  if (!digestOf(content).equals(bytes.subarray(0, DIGEST_LENGTH))) return undefined;
  const part = deserialize(content) as { readonly stamp: string; readonly value: T };
  return part.stamp === stamp ? part : undefined;
}

/**
 * The finished parts of a job, one file each, which are reused if the job is repeated after its process was
 * killed. A file that is damaged or has another stamp is ignored.
 */
export class Parts {
  /**
   * @param folder Folder of the files; created if missing.
   * @param stamp Everything that parts depend on other than the input of the job: weights, device, code.
   * @param onKept Called after a part was created.
   */
  constructor(
    readonly folder: string,
    readonly stamp: string,
    readonly onKept: () => Promise<void>,
  ) {}

  /** Returns the stored part, or creates and stores it. */
  async keep<T>(name: string, make: () => Promise<T>): Promise<T> {
    const path = join(this.folder, `${name}.part`);
    const known = readPart<T>(path, this.stamp);
    if (known) return known.value;
    const value = await make();
    writePart(path, this.stamp, value);
    await this.onKept();
    return value;
  }
}

function digestOf(content: Uint8Array): Buffer {
  return createHash("sha256").update(content).digest();
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

/** Folders that are made one after another, all of them for something that may fail. */
export class NewFolders {
  readonly #made: string[] = [];

  /** @param parent The folder that they are made in; it is made if it is missing. */
  constructor(readonly parent: string) {}

  /**
   * Makes a folder. Returns false if there is a file or folder of this name.
   *
   * @throws {UserError} If it cannot be made.
   */
  make(name: string): boolean {
    const path = join(this.parent, name);
    try {
      mkdirSync(this.parent, { recursive: true });
      mkdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw new UserError(`The folder of a new run cannot be made: ${(error as Error).message}`);
    }
    this.#made.push(path);
    return true;
  }

  /** Removes those that are still empty. */
  withdraw(): void {
    for (const path of this.#made) {
      try {
        rmdirSync(path);
      } catch {
        // It is in use or gone already.
      }
    }
  }
}

/** Whether a process has this id. */
export function processExists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // A process of another user exists too.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const root = new URL("../../", import.meta.url);
let known: string | undefined;

/**
 * The commit of this code, 12 hex digits, with "-dirty" where files differ from it; the package's
 * version where the code is not a checkout of its own.
 */
export function codeVersion(): string {
  return known ??= commit() ?? packageVersion();
}

function commit(): string | undefined {
  if (root.protocol !== "file:") return undefined;
  const folder = fileURLToPath(root);
  const top = git(folder, "rev-parse", "--show-toplevel");
  if (top === undefined || realpathSync(top) !== realpathSync(folder)) return undefined;
  const hash = git(folder, "rev-parse", "--short=12", "HEAD");
  const changes = git(folder, "status", "--porcelain", "--untracked-files=no");
  return hash && (changes ? `${hash}-dirty` : hash);
}

function git(folder: string, ...args: string[]): string | undefined {
  const { status, stdout } = spawnSync("git", ["-C", folder, ...args], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

function packageVersion(): string {
  if (root.protocol !== "file:") return root.href;
  const { version } = JSON.parse(readFileSync(new URL("deno.json", root), "utf8")) as {
    version: string;
  };
  return version;
}
