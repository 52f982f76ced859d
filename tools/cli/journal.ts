/** Reads the journal: a digest, a search, or one entry. */
import { z } from "zod";
import { JournalRequest, matchingEntries, openJournal } from "../../journal/mod.ts";
import { journalText } from "../read_journal.ts";
import { commonOptions, defineCommand, labOf } from "./command.ts";

export const command = defineCommand({
  schema: z.strictObject({ ...JournalRequest.shape, ...commonOptions }),
  argument: "id",
  async run({ json, workspace, data, device, ...request }) {
    const lab = labOf({ workspace, data, device });
    const journal = await openJournal(lab);
    const { summary, body } = journalText(lab, journal, request);
    if (json) {
      const { id } = request;
      const found = id === undefined
        ? matchingEntries(journal.listEntries(), request)
        : journal.readEntry(id);
      console.log(JSON.stringify(found, null, 2));
    } else console.log([summary, ...body].filter((part) => part !== "").join("\n\n"));
    lab.close();
    return 0;
  },
});
