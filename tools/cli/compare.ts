import { UserError } from "../../engine/host/mod.ts";
import { groupTable, leaderboardTable } from "../compare_runs.ts";
import type { Command } from "./command.ts";
import { evaluationTable } from "../evaluation_rows.ts";
import { labOf, parseOptions } from "./options.ts";
import { baselineTable } from "../text_evaluation_rows.ts";

/** Ranks runs, given one by one or as a sweep. */
// deno-lint-ignore require-await -- commands are asynchronous
export const run: Command = async (args) => {
  const { values, positionals } = parseOptions(args, { sweep: { type: "string" } });
  const lab = labOf(values);
  const ids = values.sweep === undefined
    ? positionals
    : lab.runs({ sweepId: values.sweep, limit: 100 }).runs.map((run) => run.id);
  if (ids.length < 2 || (values.sweep !== undefined && positionals.length > 0)) {
    throw new UserError("compare needs at least two runs, or --sweep SWEEP; `inspect` lists them");
  }
  const comparison = lab.compare(ids);
  if (values.json) console.log(JSON.stringify(comparison, null, 2));
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
};
