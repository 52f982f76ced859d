import { runTable } from "../rows.ts";
import { reportCurves, reportParts } from "../run_report.ts";
import type { Command } from "./command.ts";
import { labOf, parseOptions } from "./options.ts";

const CURVE_ROWS = 12;

/** Lists the newest runs, or looks at one. */
// deno-lint-ignore require-await -- commands are asynchronous
export const run: Command = async (args) => {
  const { values, positionals } = parseOptions(args, {});
  const lab = labOf(values);
  const [reference] = positionals;
  if (reference === undefined) {
    const { runs, total } = lab.runs({ limit: 20 });
    if (values.json) console.log(JSON.stringify({ total, runs }, null, 2));
    else console.log(total === 0 ? "There are no runs yet." : runTable(runs));
  } else {
    const report = lab.inspect(reference);
    if (values.json) console.log(JSON.stringify(report, null, 2));
    else {
      const { run } = report;
      const parts = [
        `${report.summary}.`,
        ...reportParts(lab, report),
        reportCurves(lab, run, undefined, CURVE_ROWS),
      ];
      console.log(parts.filter((part) => part !== "").join("\n\n"));
    }
  }
  lab.close();
  return 0;
};
