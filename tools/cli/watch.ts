/** Prints a line for each thing worth waking someone for. */
import { z } from "zod";
import { RefusedValue } from "../../engine/host/mod.ts";
import { runReference } from "../../experiments/mod.ts";
import { commonOptions, defineCommand, labOf } from "./command.ts";

export const command = defineCommand({
  schema: z.strictObject({
    runs: z.array(runReference).min(1).max(64).optional().describe(
      "Runs or sweeps to watch (default: what is queued or running, and what is queued meanwhile)",
    ),
    all: z.boolean().default(false).describe("Watches what is watched by default"),
    once: z.boolean().default(false).describe(
      "Ends after the first line, for assistants that are woken by the end of a command",
    ),
    after: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional().describe(
      "Begins after this event, whose number stands at the end of a line (default now)",
    ),
    ...commonOptions,
  }),
  argument: "runs",
  async run({ runs, all, once, after, json, ...common }) {
    if (all && runs !== undefined) {
      throw new RefusedValue((name) =>
        `Give either ${name("runs")} or ${name("all")}, and not both`
      );
    }
    const lab = labOf(common);
    const ids = runs && lab.find(runs).map((run) => run.id);
    for await (const notice of lab.notices({ ids, after })) {
      console.log(json ? JSON.stringify(notice) : `${notice.message} (event ${notice.id})`);
      if (once) break;
    }
    lab.close();
    return 0;
  },
});
