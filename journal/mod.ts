/** The experiment journal: hypotheses written down, and what the store holds for or against them. */
export {
  Criterion,
  describeCriterion,
  type JournalVerdict,
  judge,
  Selection,
  VERDICTS,
  type VerdictWord,
} from "./criterion.ts";
export type { JournalEntry } from "./entry.ts";
export {
  type EntrySummary,
  type EntryUpdate,
  type Journal,
  type NewEntry,
  openJournal,
} from "./journal.ts";
