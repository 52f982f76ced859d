/** Lists the newest runs, or looks at one. */
import { z } from "zod";
import { InspectRequest } from "../../experiments/mod.ts";
import { listedRuns, reportCurves, reportParts } from "../inspect_run.ts";
import { isJobId, jobTable } from "../jobs.ts";
import { runTable } from "../rows.ts";
import { commonOptions, defineCommand, labOf } from "./command.ts";

export const command = defineCommand({
  schema: z.strictObject({ ...InspectRequest.shape, ...commonOptions }),
  argument: "run",
  // deno-lint-ignore require-await -- commands are asynchronous
  async run({ run, jobs, sweep, status, metrics, points, limit, offset, json, ...common }) {
    const lab = labOf(common);
    if (jobs || (run !== undefined && isJobId(run))) {
      listedRuns({ run, jobs, sweep, status });
      const shown = run === undefined ? lab.jobs({ limit, offset }).jobs : [lab.job(run)];
      if (json) console.log(JSON.stringify(shown, null, 2));
      else console.log(shown.length === 0 ? "There are no jobs yet." : jobTable(shown));
    } else if (run === undefined) {
      const { runs, total } = lab.runs({
        ...listedRuns({ run, jobs, sweep, status }),
        limit,
        offset,
      });
      if (json) console.log(JSON.stringify({ total, runs }, null, 2));
      else console.log(total === 0 ? "There are no runs yet." : runTable(runs));
    } else {
      listedRuns({ run, jobs, sweep, status });
      const report = lab.inspect(run);
      const parts = [
        `${report.summary}.`,
        ...reportParts(lab, report),
        reportCurves(lab, report.run, metrics, points),
      ];
      console.log(
        json ? JSON.stringify(report, null, 2) : parts.filter((part) => part !== "").join("\n\n"),
      );
    }
    lab.close();
    return 0;
  },
});
