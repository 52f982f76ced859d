/** The experiment journal: hypotheses written down, and what the store holds for or against them. */
import { join } from "node:path";
import type { Lab } from "../experiments/mod.ts";
import type { Journal } from "./journal.ts";

export { Criterion, describeCriterion } from "./criterion.ts";
export { judge, VERDICTS, type VerdictWord } from "./judge.ts";
export type { JournalEntry } from "./entry.ts";
export { digestOf, excerpt, JournalRequest, matchingEntries } from "./digest.ts";
export { trainCall } from "./body.ts";
export type { EntrySummary, Journal, NewEntry } from "./journal.ts";

/**
 * The journal of a laboratory. The YAML parser is loaded here and not with this module, so that a
 * server that is asked for nothing of the journal starts without it.
 *
 * @param directory By default `journal` in the workspace.
 */
export async function openJournal(
  lab: Lab,
  directory: string = join(lab.workspace, "journal"),
): Promise<Journal> {
  const { journalIn } = await import("./journal.ts");
  return journalIn(lab, directory);
}
