import { z } from "zod";
import { UserError } from "../engine/host/mod.ts";
import { defineTool, structured } from "./define.ts";
import { pointers, runReference, waitSeconds } from "./fields.ts";
import { counted, isOver, MAX_ROWS, RunRow, runRow, runTable } from "./rows.ts";
import { watchRuns } from "./train.ts";

export const stopRunTool = defineTool({
  name: "stop-run",
  title: "Stop runs",
  description:
    "Stops running runs after their present step, keeping a checkpoint, and cancels queued ones. " +
    "Nothing is lost: train with resume goes on with either, bit for bit. Runs that already ended " +
    "are left as they are.",
  input: z.strictObject({
    runs: z.array(runReference).min(1).max(64).optional().describe(
      'Ids (or unique beginnings, or "latest") of 1 to 64 runs; give this or all',
    ),
    all: z.literal(true).optional().describe(
      "true stops everything that is queued or running; give this or runs (default: not given)",
    ),
    wait_seconds: waitSeconds(20),
  }),
  output: z.object({ ...pointers, runs: z.array(RunRow).describe("At most 20 of them") }),
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  async run({ runs, all, wait_seconds }, call) {
    if ((runs === undefined) === (all === undefined)) {
      throw new UserError(
        'Give either runs, e.g. ["image-0001"], or "all": true, and not both',
      );
    }
    call.progress.report(0, 1, "asking to stop");
    const asked = call.lab.stop(runs ?? "all");
    const ids = asked.map((run) => run.id);
    const now = await watchRuns(ids, wait_seconds, call);
    const over = now.filter(isOver);
    const stopping = now.length - over.length;
    const resumable = now.filter((run) => run.status === "stopped");
    const output = {
      summary: now.length === 0
        ? "Nothing was queued or running."
        : `${counted(over.length, "run")} at rest${
          stopping > 0 ? `, ${stopping} still stopping` : ""
        }.`,
      next: stopping > 0
        ? [`inspect-run {"run": "${now.find((r) => !isOver(r))!.id}", "wait_seconds": 45}`]
        : resumable.slice(0, 1).map((run) => `train {"resume": "${run.id}"} to go on`),
      viewer_url: call.links.home(),
      runs: now.slice(0, MAX_ROWS).map((run) => runRow(run, call.links)),
    };
    return structured(output, now.length > 0 ? runTable(now.slice(0, MAX_ROWS)) : "");
  },
});
