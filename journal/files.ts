/** The folder of entries: names, numbers, and writes that are never half done. */
import { basename, join } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import { withLock } from "./lock.ts";

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
 * Writes a new file under the next free number and never over another, however many servers write at
 * once.
 *
 * @returns The new entry's id.
 */
export function createEntryFile(directory: string, title: string, content: string): string {
  return withLock(directory, () => {
    const last = Math.max(0, ...entryIds(directory).map((id) => Number.parseInt(id)));
    const id = `${String(last + 1).padStart(4, "0")}-${slugOf(title)}`;
    replaceEntryFile(directory, id, content);
    return id;
  });
}

/**
 * Replaces an entry's file in one step: whoever looks sees the old text or the new one, even if this
 * process is killed on the way. What the new text was made from may have changed meanwhile unless
 * reading, too, is done within {@link withLock}.
 */
export function replaceEntryFile(directory: string, id: string, content: string): void {
  // One name for all, so that whoever writes next replaces what a killed process left.
  const temporary = join(directory, ".entry.tmp");
  const bytes = new TextEncoder().encode(content);
  {
    using file = Deno.openSync(temporary, { write: true, create: true, truncate: true });
    for (let written = 0; written < bytes.length;) {
      written += file.writeSync(bytes.subarray(written));
    }
    file.syncSync();
  }
  Deno.renameSync(temporary, join(directory, `${id}.md`));
}
