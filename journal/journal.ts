import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { UserError } from "../engine/host/mod.ts";
import { type Lab, requireConfigField } from "../experiments/mod.ts";
import { entryBody } from "./body.ts";
import { changesMeaning, comparableMetric } from "./comparable.ts";
import { type Criterion, describeSelection, type Selection } from "./criterion.ts";
import {
  formatEntry,
  FrontMatter,
  type JournalEntry,
  MOST_EARLIER_VERDICTS,
  parseEntry,
} from "./entry.ts";
import { boundEvidence, gatherEvidence } from "./evidence.ts";
import { createEntryFile, entryIds, findEntryId, replaceEntryFile, withLock } from "./files.ts";
import { type JournalVerdict, judge } from "./judge.ts";
import { registration } from "./selection.ts";

/** What a caller says in a new entry; everything else is drawn from the store. */
export interface NewEntry {
  readonly title: string;
  readonly hypothesis: string;
  readonly criterion?: Criterion | undefined;
  /** References to runs, as the laboratory takes them; a sweep stands for all its runs. */
  readonly runs?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Markdown; it appears as a quotation. */
  readonly observations?: string | undefined;
}

/** What may be added to an entry later. The hypothesis and the criterion stay as first written. */
export interface EntryUpdate {
  /** Added to the runs that the entry already names. */
  readonly runs?: readonly string[] | undefined;
  /** Added to the tags. */
  readonly tags?: readonly string[] | undefined;
  /** Added below the earlier observations, with its date. */
  readonly observations?: string | undefined;
}

/** An entry without its body, or a file that could not be read as one. */
export interface EntrySummary extends Omit<JournalEntry, "body"> {
  /** What is wrong with the file; null for a sound entry. */
  readonly problem: string | null;
}

export interface Journal {
  readonly directory: string;
  /** Newest first. */
  listEntries(): EntrySummary[];
  /** @throws {UserError} If there is no such entry, or it cannot be read. */
  readEntry(reference: string): JournalEntry;
  /** The verdict that the store as it is now gives an entry; nothing is written. */
  judgeNow(entry: Pick<JournalEntry, "date" | "runs" | "criterion" | "evidence">): JournalVerdict;
  /** @throws {UserError} If a text is too long, a run unknown, or the criterion undecidable. */
  write(entry: NewEntry): JournalEntry;
  /** Adds to an entry and draws its numbers and verdict anew. */
  update(reference: string, update: EntryUpdate): JournalEntry;
}

/** The journal in a folder; touches no file until it is asked something. */
export function journalIn(lab: Lab, directory: string): Journal {
  const folder = resolve(directory);
  const pathOf = (id: string) => join(folder, `${id}.md`);
  const read = (id: string) => parseEntry(id, pathOf(id), Deno.readTextFileSync(pathOf(id)));
  const kept = new Map<string, { readonly version: string; readonly entry: JournalEntry }>();
  /** Parsing takes milliseconds, which a long journal would make seconds of every list. */
  const readOnce = (id: string) => {
    const { ino, mtime, size } = Deno.statSync(pathOf(id));
    const version = `${ino} ${mtime?.getTime()} ${size}`;
    if (kept.get(id)?.version !== version) kept.set(id, { version, entry: read(id) });
    return kept.get(id)!.entry;
  };
  return {
    directory: folder,
    judgeNow(entry) {
      const found = gatherEvidence(lab, entry);
      return judge(entry.criterion, found.named, found);
    },
    listEntries: () =>
      entryIds(folder).reverse().map((id) => summaryOf(id, pathOf(id), () => readOnce(id))),
    readEntry: (reference) => read(findEntryId(folder, reference)),
    write(entry) {
      const now = new Date().toISOString();
      const { front, content } = compose(lab, {
        title: entry.title,
        date: now,
        hypothesis: entry.hypothesis,
        criterion: checkedCriterion(lab, entry.criterion),
        runs: idsOf(lab, entry.runs ?? []),
        tags: [...new Set(entry.tags ?? [])],
        observations: entry.observations ? [{ date: now, text: entry.observations }] : [],
      }, now);
      return read(createEntryFile(folder, front.title, content));
    },
    update(reference, update) {
      const added = idsOf(lab, update.runs ?? []);
      // Whoever else adds to the entry waits, and then adds to what is written here.
      return withLock(folder, () => {
        const id = findEntryId(folder, reference);
        const { title, date, hypothesis, criterion, ...old } = read(id);
        const now = new Date().toISOString();
        const { content } = compose(
          lab,
          {
            title,
            date,
            hypothesis,
            criterion,
            runs: [...new Set([...old.runs, ...added])],
            tags: [...new Set([...old.tags, ...(update.tags ?? [])])],
            observations: [
              ...old.observations,
              ...(update.observations ? [{ date: now, text: update.observations }] : []),
            ],
          },
          now,
          old,
        );
        replaceEntryFile(folder, id, content);
        return read(id);
      });
    },
  };
}

/** What a caller said; the rest of an entry is drawn from the store. */
type AuthorFields = Pick<
  FrontMatter,
  "title" | "date" | "hypothesis" | "criterion" | "runs" | "tags" | "observations"
>;
type ComputedFields = Omit<FrontMatter, keyof AuthorFields>;

/**
 * The entry with everything that is drawn from the store.
 *
 * @param old What was drawn before, of an entry that exists.
 */
function compose(
  lab: Lab,
  author: AuthorFields,
  updated: string,
  old?: ComputedFields,
): { front: FrontMatter; content: string } {
  const bound = old?.evidence ?? [];
  const found = gatherEvidence(lab, { ...author, evidence: bound });
  const judged = judge(author.criterion, found.named, found);
  const registered = registration(author.date, found.sides, found.elsewhere);
  const earlier = old ? earlierVerdicts(old, judged) : [];
  const front = FrontMatter.safeParse({
    ...author,
    updated,
    verdict: judged.verdict,
    verdict_reason: judged.reason,
    registered: registered.when,
    interval: judged.interval,
    evidence: boundEvidence(found, bound, author.criterion?.metric),
    ...(earlier.length > 0 ? { earlier_verdicts: earlier } : {}),
  });
  if (front.success) {
    const body = entryBody(front.data, found.data, judged, registered);
    return { front: front.data, content: formatEntry(front.data, body) };
  }
  const [issue] = front.error.issues;
  throw new UserError(`${issue?.path.join(".")} cannot be written: ${issue?.message}`);
}

/** With the last one, if it was decided and now reads otherwise. */
function earlierVerdicts(
  { updated, verdict, verdict_reason, earlier_verdicts = [] }: ComputedFields,
  now: JournalVerdict,
): NonNullable<ComputedFields["earlier_verdicts"]> {
  const isKept = verdict === now.verdict || verdict === "pending" || verdict === "none";
  if (isKept) return earlier_verdicts;
  return [...earlier_verdicts, { date: updated, verdict, reason: verdict_reason }]
    .slice(-MOST_EARLIER_VERDICTS);
}

function idsOf(lab: Lab, references: readonly string[]): string[] {
  return lab.find(references).map(({ id }) => id);
}

function checkedCriterion(lab: Lab, criterion: Criterion | undefined): Criterion | null {
  if (criterion === undefined) return null;
  if ((criterion.against === undefined) === (criterion.threshold === undefined)) {
    throw new UserError(
      "criterion needs either against (the runs compared with) or threshold (a fixed value), and not both",
    );
  }
  const [field] = changesMeaning(criterion);
  if (field !== undefined) {
    throw new UserError(
      `criterion.metric is ${criterion.metric}, which does not mean the same under another ${field}: ` +
        comparableMetric(field),
    );
  }
  const group = checkedSelection(lab, criterion.group);
  const against = criterion.against && checkedSelection(lab, criterion.against);
  if (isDeepStrictEqual(group, against)) {
    throw new UserError(
      `criterion.group and criterion.against choose the same runs, those ${
        describeSelection(group)
      }: ` +
        "give other parameters, another label or other runs in one of them",
    );
  }
  return { ...criterion, group, ...(against ? { against } : {}) };
}

function checkedSelection(lab: Lab, selection: Selection): Selection {
  for (const [field, value] of Object.entries(selection.parameters ?? {})) {
    requireConfigField(field, "criterion", value);
  }
  return selection.runs ? { ...selection, runs: idsOf(lab, selection.runs) } : selection;
}

function summaryOf(id: string, path: string, read: () => JournalEntry): EntrySummary {
  try {
    const { body: _body, ...entry } = read();
    return { ...entry, problem: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const unknown = new Date(0).toISOString();
    return {
      id,
      path,
      title: id,
      date: unknown,
      updated: unknown,
      hypothesis: "",
      criterion: null,
      runs: [],
      tags: [],
      observations: [],
      verdict: "none",
      verdict_reason: error.message,
      problem: error.message,
    };
  }
}
