/** Stops runs and jobs, and waits until they have stopped. */
import { z } from "zod";
import { StopRequest } from "../../experiments/mod.ts";
import { runTable } from "../rows.ts";
import { jobTable } from "../jobs.ts";
import { stopAll } from "../stop_run.ts";
import { commonOptions, defineCommand, labOf } from "./command.ts";

export const command = defineCommand({
  schema: z.strictObject({ ...StopRequest.omit({ run: true }).shape, ...commonOptions }),
  argument: "runs",
  async run({ runs, all, json, ...common }) {
    const lab = labOf(common);
    const asked = stopAll(lab, { runs, all });
    const stopped = await lab.watch(asked.runs.map(({ id }) => id), { timeoutSeconds: 60 });
    const jobs = await Promise.all(
      asked.jobs.map(({ id }) => lab.watchJob(id, { timeoutSeconds: 60 })),
    );
    if (json) console.log(JSON.stringify([...stopped, ...jobs], null, 2));
    else if (stopped.length + jobs.length === 0) console.log("Nothing was queued or running.");
    if (!json && stopped.length > 0) console.log(runTable(stopped));
    if (!json && jobs.length > 0) console.log(jobTable(jobs));
    lab.close();
    return 0;
  },
});
