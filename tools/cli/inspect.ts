/** Lists the newest runs, or looks at one. */
import { z } from "zod";
import { InspectRequest } from "../../experiments/mod.ts";
import { openJournal } from "../../journal/mod.ts";
import { inspected, sweepTable } from "../inspect_run.ts";
import { isJobId, jobTable } from "../jobs.ts";
import { runTable } from "../rows.ts";
import { commonOptions, defineCommand, labOf } from "./command.ts";
import { reportCurves, reportParts } from "../run_report.ts";

export const command = defineCommand({
  schema: z.strictObject({ ...InspectRequest.shape, ...commonOptions }),
  argument: "run",
  async run({ metrics, points, limit, offset, json, workspace, data, device, ...request }) {
    const lab = labOf({ workspace, data, device });
    const { run, jobs, sweeps, filter } = await inspected(request, () => openJournal(lab));
    const page = { ...filter, limit, offset };
    if (jobs || (run !== undefined && isJobId(run))) {
      const shown = run === undefined ? lab.jobs({ limit, offset }).jobs : [lab.job(run)];
      if (json) console.log(JSON.stringify(shown, null, 2));
      else console.log(shown.length === 0 ? "There are no jobs yet." : jobTable(shown));
    } else if (run !== undefined) {
      const report = lab.inspect(run);
      const parts = [
        `${report.summary}.`,
        ...reportParts(lab, report),
        reportCurves(lab, report.run, metrics, points),
      ];
      console.log(
        json ? JSON.stringify(report, null, 2) : parts.filter((part) => part !== "").join("\n\n"),
      );
    } else if (sweeps) {
      const found = lab.sweeps(page);
      if (json) console.log(JSON.stringify(found, null, 2));
      else console.log(sweepTable(found.sweeps) || "There are no such sweeps.");
    } else {
      const { runs, total } = lab.runs(page);
      if (json) console.log(JSON.stringify({ total, runs }, null, 2));
      else console.log(total === 0 ? "There are no such runs." : runTable(runs));
    }
    lab.close();
    return 0;
  },
});
