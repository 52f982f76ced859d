import { UserError } from "../../engine/host/mod.ts";
import { runTable } from "../rows.ts";
import type { Command } from "./command.ts";
import { labOf, parseOptions } from "./options.ts";

/** Stops runs and waits until they have stopped. */
export const run: Command = async (args) => {
  const { values, positionals } = parseOptions(args, {
    all: { type: "boolean", default: false },
  });
  if (values.all === (positionals.length > 0)) {
    throw new UserError("stop needs the runs to stop, or --all");
  }
  const lab = labOf(values);
  const asked = lab.stop(values.all ? "all" : positionals);
  const runs = await lab.watch(asked.map((run) => run.id), { timeoutSeconds: 60 });
  if (values.json) console.log(JSON.stringify(runs, null, 2));
  else console.log(runs.length === 0 ? "Nothing was queued or running." : runTable(runs));
  lab.close();
  return 0;
};
