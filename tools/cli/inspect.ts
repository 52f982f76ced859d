import { evaluationTable } from "../evaluation_rows.ts";
import { runTable } from "../rows.ts";
import { baselineTable } from "../text_evaluation_rows.ts";
import type { Command } from "./command.ts";
import { labOf, parseOptions } from "./options.ts";

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
      console.log(`${runTable([report.run])}\n\n${report.summary}`);
      const tables = [baselineTable(report.baselines), evaluationTable(report.evaluations)];
      for (const table of tables) if (table !== "") console.log(`\n${table}\n`);
      for (const { level, message } of report.alerts) console.log(`${level}: ${message}`);
    }
  }
  lab.close();
  return 0;
};
