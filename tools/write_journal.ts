import { z } from "zod";
import { shortened, UserError } from "../engine/host/mod.ts";
import { runReference } from "../experiments/mod.ts";
import { Criterion } from "../journal/mod.ts";
import { publications } from "./arguments.ts";
import { ADDING, answer, defineTool } from "./define.ts";
import { journalUri } from "./links.ts";
import { call } from "./next.ts";

/** About 4,000 tokens; an entry of twenty runs is well below. */
const MAX_MARKDOWN = 16_000;

Criterion.shape.against.register(publications, {
  rare: ["parameters", "label", "runs"],
  inShort: "The runs compared with, chosen as in group; give this or threshold",
});

export const writeJournalTool = defineTool({
  name: "write-journal",
  title: "Write the experiment journal",
  description:
    "Writes an entry of the experiment journal: a hypothesis and the criterion that decides it, before " +
    "the runs are started. Setup, results, verdict and how to reproduce are drawn from the store by " +
    "the program; you write only title, hypothesis, criterion, observations and tags. With id it adds " +
    "runs, tags or observations to an entry and draws its numbers and verdict anew; hypothesis and " +
    "criterion stay as first written.",
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
      'What decides the hypothesis, e.g. {"metric": "denoising_mse", "group": {"parameters": ' +
        '{"schedule": "cosine"}}, "relation": "below", "against": {"parameters": {"schedule": ' +
        '"linear"}}} (default none, and then no verdict)',
    ),
    runs: z.array(runReference).max(100).optional().describe(
      "Runs and sweeps the entry is about, up to 100 ids; added to those it has (default none)",
    ),
    observations: z.string().min(1).max(10_000).optional().describe(
      "What you saw, up to 10000 characters of Markdown; shown as yours, with its date (default none)",
    ),
    tags: z.array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,29}$/)).max(10).optional().describe(
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
          entry.verdict === "pending"
            ? "write-journal with this id and the runs, once they have finished"
            : "write-journal with this id and observations, to add what you saw",
          `${call("read-journal", { id: entry.id })} to see it as it stands`,
          ...(entry.verdict === "selected"
            ? ["a new entry before new seeds are trained in one call of train, to have it decided"]
            : []),
        ],
        viewerUrl: links.journal(entry.id),
      },
      [
        `Entry: ${journalUri(entry.id)}, file ${entry.path}. As it was written:`,
        shortened(entry.body, MAX_MARKDOWN, "\n\n... (the rest is in the file)"),
      ],
    );
  },
});

function newEntry(title: string | undefined, hypothesis: string | undefined) {
  if (title !== undefined && hypothesis !== undefined) return { title, hypothesis };
  const missing = [
    ...(title === undefined ? ["title"] : []),
    ...(hypothesis === undefined ? ["hypothesis"] : []),
  ].join(" and ");
  throw new UserError(
    `A new entry needs ${missing}; to add to one that exists, give its id`,
  );
}

function unchanged(id: string, said: Record<string, unknown>): string {
  const given = Object.entries(said).filter(([, value]) => value !== undefined).map(([k]) => k);
  if (given.length === 0) return id;
  throw new UserError(
    `${given.join(", ")} of an entry stay as first written: leave out, or leave out id to write ` +
      "a new entry",
  );
}
