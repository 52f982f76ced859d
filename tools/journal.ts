/** The tools that read and write the experiment journal. */
import {
  capital,
  counted,
  listed,
  shortened,
  UserError,
  withoutUndefined,
} from "../engine/host/mod.ts";
import { type Lab, runReference, type Variation } from "../experiments/mod.ts";
import {
  Criterion,
  digestOf,
  type EntrySummary,
  excerpt,
  type Journal,
  JournalRequest,
  matchingEntries,
} from "../journal/mod.ts";
import { ADDING, defineTool, READING } from "./define.ts";
import { call, journalUri } from "./links.ts";
import { MAX_ROWS, moreRows } from "./rows.ts";
import { z } from "zod";
import { publications } from "./arguments.ts";
import { answer } from "./answer.ts";

/** About 4,000 tokens; an entry of twenty runs is well below. */
const MAX_ENTRY = 16_000;
/** Entries of each part of the digest. */
const MAX_OF_PART = 6;
const MAX_REASON = 240;
/** Values of a setting that are named. */
const MAX_VALUES = 6;

export const readJournalTool = defineTool({
  name: "read-journal",
  title: "Read the experiment journal",
  description:
    "Shows what is known already: a digest of what was found, what failed and what is open, and which " +
    "settings were varied or never varied. text, tag and verdict search for entries; id shows one " +
    "whole, with its verdict by the runs as they are now. Changes nothing.",
  input: JournalRequest,
  annotations: READING,
  async run(request, { lab, journal, links }) {
    const { summary, next, body, id } = journalText(lab, await journal(), request);
    return answer({ summary, next, viewerUrl: links.journal(id) }, body);
  },
});

/** The answer to a request to read the journal, for tools and commands. */
interface JournalText {
  readonly summary: string;
  readonly next: readonly string[];
  readonly body: readonly string[];
  /** The id of the entry, if the answer is about one. */
  readonly id?: string;
}

/** @throws {UserError} If one entry is asked for beside a search, or does not exist. */
export function journalText(lab: Lab, journal: Journal, request: JournalRequest): JournalText {
  const { id, offset, ...search } = request;
  const searched = Object.keys(withoutUndefined(search));
  if (id !== undefined) {
    const [wrong] = searched;
    if (wrong === undefined) return entryText(journal, id);
    throw new UserError(`${wrong} finds entries for a list: leave it out beside id`);
  }
  const entries = journal.listEntries();
  return searched.length === 0 && offset === 0
    ? digestText(entries, lab.variations())
    : listText(matchingEntries(entries, search), request);
}

function entryText(journal: Journal, reference: string): JournalText {
  const entry = journal.readEntry(reference);
  const now = journal.judgeNow(entry);
  const changed = entry.verdict !== now.verdict;
  return {
    id: entry.id,
    summary: `${entry.id}: ${entry.verdict}. ${entry.verdict_reason}.` +
      (changed ? ` Judged by the runs as they are now: ${now.verdict}. ${now.reason}.` : ""),
    next: [
      changed
        ? `write-journal {"id": "${entry.id}"} to record what the store says now`
        : "write-journal with this id and observations, to add what you saw",
      ...(entry.runs.length > 1
        ? [`${call("compare-runs", { runs: entry.runs })} to rank its runs`]
        : []),
    ],
    body: [
      `Entry: ${journalUri(entry.id)}, file ${entry.path}. As it was written:`,
      shortened(entry.body, MAX_ENTRY, "\n\n... (the rest is in the file)").trimEnd(),
    ],
  };
}

function listText(found: readonly EntrySummary[], { text, offset }: JournalRequest): JournalText {
  const shown = found.slice(offset, offset + MAX_ROWS);
  const [first] = shown;
  return {
    summary: found.length === 0
      ? "No entry of the journal matches."
      : `${capital(entryCount(found.length))} of the journal${
        found.length > 1 ? ", newest first" : ""
      }.`,
    next: first === undefined
      ? ["read-journal {} for what there is"]
      : [`read-journal {"id": "${first.id}"} for one whole`],
    body: [
      shown.map((entry) => entryLine(entry, text)).join("\n"),
      moreRows(shown.length, offset, found.length),
    ],
  };
}

function digestText(
  entries: readonly EntrySummary[],
  variations: readonly Variation[],
): JournalText {
  const sound = entries.filter(({ problem }) => problem === null);
  const parts = digestOf(sound);
  const damaged = entries.length - sound.length;
  const unreadable = damaged === 0 ? [] : [`unreadable ${damaged}`];
  const summary = entries.length === 0
    ? "The journal is empty."
    : `The journal has ${entryCount(entries.length)}: ${
      [
        ...parts.map(({ title, entries }) => `${title.toLowerCase()} ${entries.length}`),
        ...unreadable,
      ]
        .join(", ")
    }.`;
  return {
    summary,
    next: [
      ...(sound[0] ? [`read-journal {"id": "${sound[0].id}"} for one whole`] : []),
      "write-journal with a title, a hypothesis and a criterion, before anything new is trained",
    ],
    body: [
      ...parts.map(({ title, entries: of }) => {
        const left = of.slice(MAX_OF_PART);
        return [
          `${title}:`,
          ...of.slice(0, MAX_OF_PART).map((entry) => entryLine(entry)),
          ...(left[0] === undefined
            ? []
            : [`- ${left.length} more: read-journal {"verdict": "${left[0].verdict}"}`]),
        ].join("\n");
      }),
      entries.filter(({ problem }) => problem !== null)
        .map(({ id, problem }) => `${id} cannot be read: ${problem}`).slice(0, MAX_OF_PART)
        .join("\n"),
      ...variations.map(variationText),
    ],
  };
}

/** "- 0001-cosine (2026-11-24), refuted: … #schedule". */
function entryLine(entry: EntrySummary, text?: string): string {
  const { id, date, title, verdict, verdict_reason: reason, tags } = entry;
  const where = text === undefined ? "" : excerpt(entry, text);
  return [
    `- ${id} (${date.slice(0, 10)}), ${verdict === "none" ? "no verdict" : verdict}:`,
    `${onOneLine(title)}.`,
    shortened(onOneLine(reason), MAX_REASON) + ".",
    ...(where === "" ? [] : [`"${shortened(onOneLine(where), MAX_REASON)}"`]),
    ...tags.map((tag) => `#${tag}`),
  ].join(" ");
}

const entryCount = (count: number) => counted(count, "entry", "entries");
const onOneLine = (text: string) => text.replace(/\s+/g, " ");

function variationText(
  { modality, runs, configurations, varied, neverVaried }: Variation,
): string {
  const tried = varied.map(({ field, values }) => {
    const named = values.slice(0, MAX_VALUES).map(({ value, runs }) => `${value} (${runs})`);
    const left = values.length - MAX_VALUES;
    return `${field} ${named.join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
  });
  const never = Object.entries(neverVaried).map(([field, value]) => `${field} ${value}`);
  return [
    `Tried in ${counted(runs, `${modality} run`)} of ${counted(configurations, "configuration")}` +
    `${tried.length > 0 ? " (each value with its number of runs)" : ""}: ${
      tried.join("; ") || "one setting"
    }.`,
    ...(never.length > 0 ? [`Never varied: ${never.join(", ")}.`] : []),
  ].join("\n");
}

Criterion.shape.against.register(publications, {
  rare: ["parameters", "label", "runs"],
  inShort: "The runs that group is compared with, chosen in the same way; give this or threshold",
});

export const writeJournalTool = defineTool({
  name: "write-journal",
  title: "Write the experiment journal",
  description:
    "Writes an entry of the experiment journal: a hypothesis and the criterion that decides it, before " +
    "the runs are started. Setup, results and verdict are computed from the stored runs, so do not type " +
    "numbers. With id it adds runs, tags or observations to an entry and computes the verdict again; " +
    "hypothesis and criterion stay as first written.",
  input: z.strictObject({
    id: z.string().min(1).max(80).optional().describe(
      "The entry to add to, e.g. 0007-cosine-beats-linear or 7 (default: a new entry)",
    ),
    title: z.string().min(1).max(120).optional().describe(
      "Title of a new entry, 1 to 120 characters",
    ),
    hypothesis: z.string().min(1).max(2000).optional().describe(
      "What a new entry claims and why, 1 to 2000 characters of Markdown",
    ),
    criterion: Criterion.optional().describe(
      'Decides the hypothesis, e.g. {"metric": "denoising_mse", "group": {"parameters": ' +
        '{"schedule": "cosine"}}, "relation": "below", "against": {"parameters": {"schedule": ' +
        '"linear"}}} (default none: no verdict)',
    ),
    runs: z.array(runReference).max(100).optional().describe(
      "Ids of runs and sweeps that the entry is about, up to 100; with id they are added (default none)",
    ),
    observations: z.string().min(1).max(10_000).optional().describe(
      "What you saw, up to 10000 characters of Markdown; kept with the date, as yours (default none)",
    ),
    tags: z.array(
      z.string().regex(/^[a-z0-9][a-z0-9-]{0,29}$/)
        .meta({ examples: ["schedules", "block-size"] }),
    ).max(10).optional().describe(
      "Up to 10 tags of lower-case letters, digits and hyphens (default none)",
    ),
  }),
  annotations: ADDING,
  async run({ id, title, hypothesis, criterion, ...added }, { journal, links }) {
    const book = await journal();
    const entry = id === undefined
      ? book.write({
        ...added,
        ...newEntry(title, hypothesis),
        criterion,
      })
      : book.update(unchanged(id, { title, hypothesis, criterion }), added);
    return answer(
      {
        summary: `${id === undefined ? "Wrote" : "Updated"} the journal entry ${entry.id}: ` +
          `${entry.verdict}. ${entry.verdict_reason}.`,
        next: [
          ...(entry.runs.length === 0
            ? [
              "train with a grid and two seeds or more in one call",
              "write-journal with this id and the sweep's id in runs",
            ]
            : entry.verdict === "pending"
            ? [
              `${
                call("write-journal", { id: entry.id })
              } for the verdict, once all runs have ended`,
            ]
            : [
              "write-journal with this id and observations, to add what you saw",
            ]),
          `${call("read-journal", { id: entry.id })} for the whole entry`,
          ...(entry.verdict === "selected"
            ? [
              "for a verdict: a new entry with the same criterion, and then all seeds in one call of " +
              "train",
            ]
            : []),
        ],
        viewerUrl: links.journal(entry.id),
      },
      [
        `Entry: ${
          journalUri(entry.id)
        }, file ${entry.path}. It says (setup and reproduction left out):`,
        shortened(withoutDetails(entry.body), MAX_ENTRY, "\n\n... (the rest is in the file)"),
      ],
    );
  },
});

/** Returns an entry without the sections that repeat what the runs hold. */
function withoutDetails(body: string): string {
  return body.split(/^(?=## )/m)
    .filter((section) => !/^## (Setup|Reproduce)$/m.test(section))
    .join("").trimEnd();
}

function newEntry(title: string | undefined, hypothesis: string | undefined) {
  if (title !== undefined && hypothesis !== undefined) return { title, hypothesis };
  const missing = Object.entries({ title, hypothesis }).filter(([, value]) => value === undefined)
    .map(([field]) => field).join(" and ");
  throw new UserError(`A new entry needs ${missing}; to add to one that exists, give its id`);
}

function unchanged(id: string, said: Record<string, unknown>): string {
  const fields = Object.keys(withoutUndefined(said));
  if (fields.length === 0) return id;
  throw new UserError(
    `What an entry has as ${
      listed(fields)
    } stays as first written: leave it out, or leave out id to ` +
      "write a new entry",
  );
}
