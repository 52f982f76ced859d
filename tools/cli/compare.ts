/** Ranks runs, given one by one or as a sweep. */
import { z } from "zod";
import { CompareRequest } from "../../experiments/mod.ts";
import { comparedRuns, groupTable, leaderboardTable } from "../compare_runs.ts";
import { evaluationTable } from "../views.ts";
import { baselineTable } from "../text_view.ts";
import { commonOptions, defineCommand, labOf } from "./command.ts";

const { runs, sweep } = CompareRequest.shape;

export const command = defineCommand({
  schema: z.strictObject({ runs, sweep, ...commonOptions }),
  argument: "runs",
  // deno-lint-ignore require-await -- commands are asynchronous
  async run({ runs, sweep, json, ...common }) {
    const lab = labOf(common);
    const comparison = lab.compare(comparedRuns(lab, { runs, sweep }));
    if (json) console.log(JSON.stringify(comparison, null, 2));
    else {
      console.log(leaderboardTable(comparison, comparison.leaderboard));
      const tables = [
        groupTable(comparison),
        baselineTable(comparison.baselines),
        evaluationTable(comparison.evaluations),
      ];
      for (const table of tables) if (table !== "") console.log(`\n${table}`);
      console.log(`\n${comparison.verdict}.`);
      for (const caution of comparison.cautions) console.log(`Note: ${caution}`);
    }
    lab.close();
    return 0;
  },
});
