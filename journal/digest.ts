/** Finding entries again: by words, tag and verdict, and all of them in short. */
import { z } from "zod";
import type { EntrySummary } from "./journal.ts";
import { VERDICTS, type VerdictWord } from "./judge.ts";

/** What is asked of the journal. */
export const JournalRequest = z.strictObject({
  id: z.string().min(1).max(80).optional().describe(
    "Entry to show whole, e.g. 0007-cosine-beats-linear or 7 (default: a digest of all)",
  ),
  text: z.string().min(1).max(200).optional().describe(
    "Only entries with all these words (default any)",
  ),
  tag: z.string().min(1).max(30).optional().describe(
    "Only entries with this tag (default any)",
  ),
  verdict: z.enum(VERDICTS).optional().describe(
    "Only entries with this verdict (default any)",
  ),
  offset: z.number().int().min(0).max(1_000_000).default(0).describe(
    "Entries to skip, 0 to 1000000 (default 0)",
  ),
});
export type JournalRequest = z.output<typeof JournalRequest>;

/** Entries that match everything that is asked for, in their order. */
export function matchingEntries(
  entries: readonly EntrySummary[],
  { text = "", tag, verdict }: Pick<JournalRequest, "text" | "tag" | "verdict">,
): EntrySummary[] {
  const words = wordsOf(text);
  return entries.filter((entry) =>
    (tag === undefined || entry.tags.includes(tag.replace(/^#/, ""))) &&
    (verdict === undefined || entry.verdict === verdict) &&
    words.every((word) => textOf(entry).includes(word))
  );
}

/** The line of an entry's texts that has the most of the words searched for; "" if its title has all. */
export function excerpt(
  { title, hypothesis, observations }: EntrySummary,
  text: string,
): string {
  const words = wordsOf(text).filter((word) => !title.toLowerCase().includes(word));
  const sentences = [hypothesis, ...observations.map((one) => one.text)]
    .flatMap((part) => part.split(/(?<=[.!?])\s+|\n+/));
  const [best] = sentences
    .map((sentence) => ({
      sentence,
      hits: words.filter((word) => sentence.toLowerCase().includes(word)).length,
    }))
    .sort((a, b) => b.hits - a.hits);
  return best !== undefined && best.hits > 0 ? best.sentence : "";
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter((word) => word !== "");
}

function textOf(entry: EntrySummary): string {
  return [
    entry.id,
    entry.title,
    entry.hypothesis,
    entry.verdict,
    entry.verdict_reason,
    ...entry.runs,
    ...entry.tags.map((tag) => `#${tag}`),
    ...entry.observations.map(({ text }) => text),
  ].join("\n").toLowerCase();
}

/** The parts of a digest, each with the verdicts that belong to it. */
const PARTS: readonly (readonly [title: string, verdicts: readonly VerdictWord[]])[] = [
  ["Found", ["supported"]],
  ["Suggested by one run", ["suggestive"]],
  ["Failed", ["refuted"]],
  ["Undecided", ["inconclusive", "confounded", "selected", "invalid", "evidence gone"]],
  ["Open", ["pending"]],
  ["Without a criterion", ["none"]],
];

export interface DigestPart {
  readonly title: string;
  /** Newest first. */
  readonly entries: readonly EntrySummary[];
}

/** The entries by what came of them; parts without entries are left out. */
export function digestOf(entries: readonly EntrySummary[]): DigestPart[] {
  return PARTS
    .map(([title, verdicts]) => ({
      title,
      entries: entries.filter(({ verdict }) => verdicts.includes(verdict)),
    }))
    .filter((part) => part.entries.length > 0);
}
