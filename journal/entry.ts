/** A journal entry as it lies on disk: YAML front matter that holds everything a caller said, and a
 * Markdown body that the program drew from it and from the store. */
import { parseDocument, stringify } from "yaml";
import { z } from "zod";
import { UserError } from "../engine/host/mod.ts";
import { cleanText } from "./author_text.ts";
import { Criterion } from "./criterion.ts";
import { VERDICTS } from "./judge.ts";

const text = (maximum: number) =>
  z.string().transform(cleanText).pipe(z.string().min(1).max(maximum));

const Observation = z.strictObject({ date: z.iso.datetime(), text: text(10_000) });

/** Older ones are dropped. */
export const MOST_EARLIER_VERDICTS = 50;

const EarlierVerdict = z.strictObject({
  /** When it was drawn from the store. */
  date: z.iso.datetime(),
  verdict: z.enum(VERDICTS),
  reason: z.string(),
});

/** The front matter. Hypothesis and criterion are kept as they were first written. */
export const FrontMatter = z.strictObject({
  title: text(120),
  /** When the hypothesis was written. */
  date: z.iso.datetime(),
  /** When the numbers were last drawn from the store. */
  updated: z.iso.datetime(),
  hypothesis: text(2000),
  criterion: Criterion.nullable(),
  runs: z.array(z.string().max(60)).max(100),
  tags: z.array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,29}$/)).max(10),
  observations: z.array(Observation).max(100),
  verdict: z.enum(VERDICTS),
  verdict_reason: z.string(),
  /** Verdicts that were decided once and are no longer, oldest first. */
  earlier_verdicts: z.array(EarlierVerdict).max(MOST_EARLIER_VERDICTS).optional(),
});
export type FrontMatter = z.infer<typeof FrontMatter>;

/** An entry, for pages and tools. */
export interface JournalEntry extends FrontMatter {
  /** For example `0007-cosine-beats-linear`. */
  readonly id: string;
  /** Absolute path of the file. */
  readonly path: string;
  /** The Markdown below the front matter. */
  readonly body: string;
}

export function formatEntry(front: FrontMatter, body: string): string {
  // Long texts would otherwise be folded at 80 columns, which no reader of the file expects.
  return `---\n${stringify(front, { lineWidth: 0 })}---\n\n${body}`;
}

/** @throws {UserError} If the file was edited into something that is not an entry. */
export function parseEntry(id: string, path: string, content: string): JournalEntry {
  const match = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(content.replace(/\r\n/g, "\n"));
  if (!match) {
    throw new UserError(`The journal entry ${id} has no front matter between two --- lines`);
  }
  const document = parseDocument(match[1]!);
  if (document.errors.length > 0) {
    const first = document.errors[0]!.message.split("\n")[0];
    throw new UserError(`The front matter of the journal entry ${id} is not YAML: ${first}`);
  }
  const front = FrontMatter.safeParse(document.toJS());
  if (!front.success) {
    const [issue] = front.error.issues;
    throw new UserError(
      `The front matter of the journal entry ${id} is wrong at ${
        issue?.path.join(".") || "its root"
      }: ${issue?.message}`,
    );
  }
  return { id, path, ...front.data, body: match[2]!.trimStart() };
}
