/** A journal entry as it lies on disk: YAML front matter that holds everything a caller said, and a
 * Markdown body that the program drew from it and from the store. */
import { Document, isCollection, isSeq, parseDocument } from "yaml";
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

/**
 * A run that an entry was drawn from. Its id alone would not do: in another store the same id belongs
 * to another run.
 */
const Evidence = z.strictObject({
  run: z.string(),
  /** {@link Run.configHash}. */
  configuration: z.string(),
  /** When it was queued; older versions did not say, and named only runs that a verdict rested on. */
  created: z.iso.datetime().optional(),
  /** Its value of the criterion's metric, if the verdict counts it. */
  value: z.number().optional(),
});
export type Evidence = z.infer<typeof Evidence>;

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
  /** Whether the hypothesis was written before its runs; entries of older versions do not say. */
  registered: z.enum(["before", "during", "after", "none"]).optional(),
  /** 95 % confidence interval of what was judged. */
  interval: z.tuple([z.number(), z.number()]).nullable().optional(),
  /** The runs that the entry was drawn from. */
  evidence: z.array(Evidence).max(1000).optional(),
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
  const document = new Document(front);
  const evidence = document.get("evidence");
  // One line for each run.
  if (isSeq(evidence)) {
    for (const item of evidence.items) {
      if (isCollection(item)) item.flow = true;
    }
  }
  // Long texts would otherwise be folded at 80 columns, which no reader of the file expects.
  return `---\n${document.toString({ lineWidth: 0 })}---\n\n${body}`;
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
  const body = match[2]!.trimStart();
  const front = FrontMatter.safeParse(migrated(document.toJS(), body));
  if (!front.success) {
    const [issue] = front.error.issues;
    throw new UserError(
      `The front matter of the journal entry ${id} is wrong at ${
        issue?.path.join(".") || "its root"
      }: ${issue?.message}`,
    );
  }
  return { id, path, ...front.data, body };
}

/** Front matter of older versions in the form of this one. */
function migrated(front: unknown, body: string): unknown {
  if (typeof front !== "object" || front === null) return front;
  const { earlier_verdicts: earlier, ...rest } = front as Record<string, unknown>;
  const isBound = rest.evidence !== undefined || rest.verdict === "pending";
  return {
    ...rest,
    verdict: wordOf(rest.verdict, rest.verdict_reason),
    ...(isBound ? {} : { evidence: evidenceIn(body) }),
    ...(Array.isArray(earlier)
      ? {
        earlier_verdicts: earlier.map((one) => ({
          ...one,
          verdict: wordOf(one?.verdict, one?.reason),
        })),
      }
      : {}),
  };
}

/** "confirmed" was once said of a single run as well, of which nothing more than a hint is known. */
function wordOf(word: unknown, reason: unknown): unknown {
  const oneSeed = /nothing is known of other seeds/.test(String(reason));
  if (word === "confirmed") return oneSeed ? "suggestive" : "supported";
  return word === "refuted" && oneSeed ? "inconclusive" : word;
}

/** The runs in the table of the section "Reproduce", with their configurations. */
function evidenceIn(body: string): Evidence[] {
  const section = body.split(/^## Reproduce$/m).at(-1)!;
  return [...section.matchAll(/^\| ([a-z]+-\d+) \| ([0-9a-f]{12}) \| \d+ \|/gm)]
    .map(([, run, configuration]) => ({ run: run!, configuration: configuration! }));
}
