/** The folder of entries: names, numbers, and writes that are never half done. */
import { basename, join } from "node:path";
import { UserError } from "../engine/host/mod.ts";

const ENTRY_FILE = /^(\d{4,})-[a-z0-9-]+\.md$/;

/** Ids of the entries, oldest first. */
export function entryIds(directory: string): string[] {
  let names: string[];
  try {
    names = [...Deno.readDirSync(directory)].filter((e) => e.isFile).map((e) => e.name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return names.filter((name) => ENTRY_FILE.test(name)).map((name) => basename(name, ".md")).sort();
}

/**
 * The entry a caller means: a whole id or just its number. Names are looked up among the files that
 * are there and never made into paths, so no reference can leave the folder.
 *
 * @throws {UserError} If there is none; it names those that are.
 */
export function findEntryId(directory: string, reference: string): string {
  const ids = entryIds(directory);
  const found = ids.find((id) => id === reference) ??
    ids.find((id) => /^\d+$/.test(reference) && Number.parseInt(id) === Number(reference));
  if (found !== undefined) return found;
  const known = ids.length === 0
    ? "the journal is empty"
    : `the newest are ${ids.slice(-5).reverse().join(", ")}`;
  throw new UserError(`There is no journal entry ${JSON.stringify(reference)}: ${known}`);
}

/** Lower-case words of a title, at most 48 characters. */
export function slugOf(title: string): string {
  const slug = title.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(
    /[^a-z0-9]+/g,
    "-",
  )
    .slice(0, 48).replace(/^-+|-+$/g, "");
  return slug === "" ? "entry" : slug;
}

/**
 * Writes a new file under the next free number and never over another, however many servers write
 * at once: a link fails where a name is taken, and whoever then sees its number used twice moves on.
 *
 * @returns The new entry's id.
 */
export function createEntryFile(directory: string, title: string, content: string): string {
  Deno.mkdirSync(directory, { recursive: true });
  const temporary = writeTemporary(directory, content);
  try {
    for (;;) {
      const last = Math.max(0, ...entryIds(directory).map((id) => Number.parseInt(id)));
      const number = String(last + 1).padStart(4, "0");
      const id = `${number}-${slugOf(title)}`;
      try {
        Deno.linkSync(temporary, join(directory, `${id}.md`));
      } catch (error) {
        if (error instanceof Deno.errors.AlreadyExists) continue;
        throw error;
      }
      if (entryIds(directory).filter((other) => other.startsWith(`${number}-`)).length === 1) {
        return id;
      }
      Deno.removeSync(join(directory, `${id}.md`));
    }
  } finally {
    Deno.removeSync(temporary);
  }
}

/** Replaces an entry's file in one step. */
export function replaceEntryFile(directory: string, id: string, content: string): void {
  Deno.renameSync(writeTemporary(directory, content), join(directory, `${id}.md`));
}

function writeTemporary(directory: string, content: string): string {
  const path = join(directory, `.${crypto.randomUUID()}.tmp`);
  const file = Deno.openSync(path, { write: true, createNew: true });
  try {
    file.writeSync(new TextEncoder().encode(content));
    file.syncSync();
  } finally {
    file.close();
  }
  return path;
}
