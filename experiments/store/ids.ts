/**
 * Ids of runs, of sweeps, and of what is kept of a run. A number is given once: the store remembers the last one of each kind, so
 * that what is deleted by hand leaves a gap, and a run's id also claims its folder, so that it never
 * names files of an earlier store or of another program.
 */
import { mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { UserError } from "../../engine/host/mod.ts";

/** Which ids are taken by something that no counter knows. */
interface Claims {
  /** Whether the id was free, and now is taken. */
  claim(id: string): boolean;
  /** The largest number that is taken, as far as can be seen; asked after a claim has failed. */
  largest(prefix: string): number;
}

/** Takes the next free id of a kind. Call it in a transaction. */
export function nextId(db: DatabaseSync, prefix: string, { claim, largest }: Claims): string {
  let number = lastOf(db, prefix) + 1;
  while (!claim(idOf(prefix, number))) number = Math.max(largest(prefix), number) + 1;
  remember(db, prefix, number);
  return idOf(prefix, number);
}

/** What ids of pretrained runs begin with. */
export const STUDY_PREFIX = "study/";

/** Whether a run comes with the program, and so is read and never written. */
export function isPretrained(runId: string): boolean {
  return runId.startsWith(STUDY_PREFIX);
}

/** Numbers up to this one are those of what is published with a pretrained run. */
const PUBLISHED = 100;

/** "image-0012-sample-003": of something that belongs to a run, and is the name of a file. */
export function resultId(runId: string, kind: string, number: number): string {
  return `${runId.replace("/", "-")}-${kind}-${String(number).padStart(3, "0")}`;
}

/**
 * Takes the next number of a kind of thing that belongs to a run. Call it in a transaction.
 *
 * @param kind For example `sample`.
 * @param largest The largest number that is in use; 0 for none.
 */
export function nextNumber(
  db: DatabaseSync,
  runId: string,
  kind: string,
  largest: number,
): { number: number; id: string } {
  const name = `${runId}-${kind}`;
  const published = isPretrained(runId) ? PUBLISHED : 0;
  const number = Math.max(lastOf(db, name), largest, published) + 1;
  remember(db, name, number);
  return { number, id: resultId(runId, kind, number) };
}

function lastOf(db: DatabaseSync, name: string): number {
  const row = db.prepare("SELECT last FROM counters WHERE name = ?").get(name);
  return (row as { last: number } | undefined)?.last ?? 0;
}

function remember(db: DatabaseSync, name: string, last: number): void {
  db.prepare("INSERT OR REPLACE INTO counters (name, last) VALUES (?, ?)").run(name, last);
}

/** Ids of sweeps, which have no files. */
export function sweepClaims(db: DatabaseSync): Claims {
  return {
    claim: (id) => db.prepare("SELECT 1 FROM sweeps WHERE id = ?").get(id) === undefined,
    largest: (prefix) => largestNumber(idsIn(db, "sweeps"), prefix),
  };
}

/** Ids of runs, each with a new folder in `runs/`. `withdraw` removes those that are still empty. */
export function runClaims(
  db: DatabaseSync,
  workspace: string,
): Claims & { withdraw(): void } {
  const folder = join(workspace, "runs");
  const made: string[] = [];
  return {
    claim(id) {
      if (db.prepare("SELECT 1 FROM runs WHERE id = ?").get(id) !== undefined) return false;
      const path = join(folder, id);
      try {
        mkdirSync(folder, { recursive: true });
        mkdirSync(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
        throw new UserError(`The folder of a new run cannot be made: ${(error as Error).message}`);
      }
      made.push(path);
      return true;
    },
    largest: (prefix) => largestNumber([...idsIn(db, "runs"), ...readdirSync(folder)], prefix),
    withdraw() {
      for (const path of made) {
        try {
          rmdirSync(path);
        } catch {
          // It is in use or gone already: its number stays unused either way.
        }
      }
    },
  };
}

function idsIn(db: DatabaseSync, table: "runs" | "sweeps"): string[] {
  return db.prepare(`SELECT id FROM ${table}`).all().map((row) => (row as { id: string }).id);
}

function idOf(prefix: string, number: number): string {
  return `${prefix}-${String(number).padStart(4, "0")}`;
}

function largestNumber(names: readonly string[], prefix: string): number {
  return names.reduce((largest, name) => {
    const digits = name.startsWith(`${prefix}-`) ? name.slice(prefix.length + 1) : "";
    return /^\d{1,15}$/.test(digits) ? Math.max(largest, Number(digits)) : largest;
  }, 0);
}
