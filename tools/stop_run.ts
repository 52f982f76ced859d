import type { z } from "zod";
import { counted, RefusedValue } from "../engine/host/mod.ts";
import { StopRequest } from "../experiments/mod.ts";
import { ADDING, answer, defineTool } from "./define.ts";
import { waitSeconds } from "./fields.ts";
import { isOver, MAX_ROWS, runTable } from "./rows.ts";
import { waitCalls } from "./next.ts";
import { watchRuns } from "./train.ts";

export const stopRunTool = defineTool({
  name: "stop-run",
  title: "Stop runs",
  description:
    "Stops runs that are training, after their present step and with a checkpoint, and cancels queued " +
    "ones. Nothing is lost: train with resume goes on with either, bit for bit. Runs that have ended " +
    "stay as they are.",
  input: StopRequest.extend({ wait_seconds: waitSeconds() }),
  annotations: { ...ADDING, idempotentHint: true },
  async run({ wait_seconds, ...request }, call) {
    const which = runsToStop(request);
    call.progress.report(0, 1, "asking to stop");
    const asked = call.lab.stop(which);
    const ids = asked.map((run) => run.id);
    const now = await watchRuns(ids, wait_seconds, call);
    const over = now.filter(isOver);
    const stopping = now.length - over.length;
    const resumable = now.filter((run) => run.status === "stopped");
    const [waiting] = now.filter((run) => !isOver(run));
    return answer({
      summary: now.length === 0
        ? "Nothing was queued or running."
        : `At rest: ${counted(over.length, "run")}${
          stopping > 0 ? `; still stopping: ${stopping}` : ""
        }.`,
      next: waiting
        ? waitCalls([waiting], { run: waiting.id })
        : resumable.slice(0, 1).map((run) => `train {"resume": "${run.id}"} to go on`),
      viewerUrl: call.links.home(),
    }, [
      now.length > 0 ? runTable(now.slice(0, MAX_ROWS)) : "",
      now.length > MAX_ROWS ? `${now.length - MAX_ROWS} more: inspect-run {} lists all` : "",
    ]);
  },
});

/** Returns the runs to stop. @throws {RefusedValue} Unless exactly one of `runs` and `all` is given. */
export function runsToStop(
  { run, runs, all }: z.output<typeof StopRequest>,
): readonly string[] | "all" {
  const named = run === undefined ? runs : [run, ...runs ?? []];
  if ((named === undefined) === all) return named ?? "all";
  throw new RefusedValue((name) =>
    `Give either ${name("runs")} (ids such as image-0001) or ${name("all")}, and not both`
  );
}
