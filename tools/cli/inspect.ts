/** Lists the newest runs, or looks at one. */
import { z } from "zod";
import { InspectRequest } from "../../experiments/mod.ts";
import { listedRuns, reportCurves, reportParts } from "../inspect_run.ts";
import { runTable } from "../rows.ts";
import { commonOptions, defineCommand, labOf } from "./command.ts";

export const command = defineCommand({
  schema: z.strictObject({ ...InspectRequest.shape, ...commonOptions }),
  argument: "run",
  // deno-lint-ignore require-await -- commands are asynchronous
  async run({ run, sweep, status, metrics, points, limit, offset, json, ...common }) {
    const lab = labOf(common);
    if (run === undefined) {
      const { runs, total } = lab.runs({ ...listedRuns({ run, sweep, status }), limit, offset });
      if (json) console.log(JSON.stringify({ total, runs }, null, 2));
      else console.log(total === 0 ? "There are no runs yet." : runTable(runs));
    } else {
      listedRuns({ run, sweep, status });
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
