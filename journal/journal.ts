import { join, resolve } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import { configSchemas, type Lab, nearest, type Run } from "../experiments/mod.ts";
import { entryBody, type Evidence } from "./body.ts";
import { type Criterion, judge, type Selection } from "./criterion.ts";
import { formatEntry, FrontMatter, type JournalEntry, parseEntry } from "./entry.ts";
import { createEntryFile, entryIds, findEntryId, replaceEntryFile } from "./files.ts";

/** What a caller says in a new entry; everything else is drawn from the store. */
export interface NewEntry {
  readonly title: string;
  readonly hypothesis: string;
  readonly criterion?: Criterion;
  /** References to runs, as the laboratory takes them; a sweep stands for all its runs. */
  readonly runs?: readonly string[];
  readonly tags?: readonly string[];
  /** Markdown; it appears as a quotation. */
  readonly observations?: string;
}

/** What may be added to an entry later. The hypothesis and the criterion stay as first written. */
export interface EntryUpdate {
  /** Added to the runs that the entry already names. */
  readonly runs?: readonly string[];
  /** Added to the tags. */
  readonly tags?: readonly string[];
  /** Added below the earlier observations, with its date. */
  readonly observations?: string;
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
  return {
    directory: folder,
    listEntries: () =>
      entryIds(folder).reverse().map((id) => summaryOf(id, pathOf(id), () => read(id))),
    readEntry: (reference) => read(findEntryId(folder, reference)),
    write(entry) {
      const now = new Date().toISOString();
      const front = compose(lab, {
        title: entry.title,
        date: now,
        hypothesis: entry.hypothesis,
        criterion: checkedCriterion(lab, entry.criterion),
        runs: idsOf(lab, entry.runs ?? []),
        tags: [...new Set(entry.tags ?? [])],
        observations: entry.observations ? [{ date: now, text: entry.observations }] : [],
      }, now);
      return read(createEntryFile(folder, front.title, contentOf(lab, front)));
    },
    update(reference, update) {
      const id = findEntryId(folder, reference);
      const { title, date, hypothesis, criterion, ...old } = read(id);
      const now = new Date().toISOString();
      const front = compose(lab, {
        title,
        date,
        hypothesis,
        criterion,
        runs: [...new Set([...old.runs, ...idsOf(lab, update.runs ?? [])])],
        tags: [...new Set([...old.tags, ...(update.tags ?? [])])],
        observations: [
          ...old.observations,
          ...(update.observations ? [{ date: now, text: update.observations }] : []),
        ],
      }, now);
      replaceEntryFile(folder, id, contentOf(lab, front));
      return read(id);
    },
  };
}

type Said = Omit<FrontMatter, "updated" | "verdict" | "verdict_reason">;

function compose(lab: Lab, said: Said, updated: string): FrontMatter {
  const { runs } = evidenceFor(lab, said.runs);
  const { verdict, reason } = judge(said.criterion, runs);
  const front = FrontMatter.safeParse({ ...said, updated, verdict, verdict_reason: reason });
  if (front.success) return front.data;
  const [issue] = front.error.issues;
  throw new UserError(`${issue?.path.join(".")} cannot be written: ${issue?.message}`);
}

function contentOf(lab: Lab, front: FrontMatter): string {
  const verdict = { verdict: front.verdict, reason: front.verdict_reason };
  return formatEntry(front, entryBody(front, evidenceFor(lab, front.runs), verdict));
}

function evidenceFor(lab: Lab, ids: readonly string[]): Evidence {
  const runs: Run[] = [];
  const missing: string[] = [];
  for (const id of ids) {
    try {
      runs.push(lab.run(id));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      missing.push(id);
    }
  }
  const alerts = runs.flatMap((run) =>
    lab.inspect(run.id).alerts.filter((alert) => alert.level !== "info")
      .map(({ message }) => ({ runId: run.id, message }))
  );
  return { runs, missing, alerts };
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
  const { against, ...rest } = criterion;
  return {
    ...rest,
    group: checkedSelection(lab, criterion.group),
    ...(against ? { against: checkedSelection(lab, against) } : {}),
  };
}

function checkedSelection(lab: Lab, selection: Selection): Selection {
  const fields = Object.values(configSchemas).flatMap(({ shape }) => Object.keys(shape));
  for (const field of Object.keys(selection.parameters ?? {})) {
    if (fields.includes(field)) continue;
    throw new UserError(
      `criterion names a field ${JSON.stringify(field)} that no configuration has: did you mean ${
        nearest(field, fields, 1)[0]
      }?`,
    );
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
