/** Stops runs and waits until they have stopped. */
import { z } from "zod";
import { StopRequest } from "../../experiments/mod.ts";
import { runTable } from "../rows.ts";
import { runsToStop } from "../stop_run.ts";
import { commonOptions, defineCommand, labOf } from "./command.ts";

export const command = defineCommand({
  schema: z.strictObject({ ...StopRequest.omit({ run: true }).shape, ...commonOptions }),
  argument: "runs",
  async run({ runs, all, json, ...common }) {
    const which = runsToStop({ runs, all });
    const lab = labOf(common);
    const asked = lab.stop(which);
    const stopped = await lab.watch(asked.map((run) => run.id), { timeoutSeconds: 60 });
    if (json) console.log(JSON.stringify(stopped, null, 2));
    else console.log(stopped.length === 0 ? "Nothing was queued or running." : runTable(stopped));
    lab.close();
    return 0;
  },
});
