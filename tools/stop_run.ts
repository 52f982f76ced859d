import type { z } from "zod";
import { counted, RefusedValue } from "../engine/host/mod.ts";
import { hasEnded, type Job, type Lab, requests, type Run } from "../experiments/mod.ts";
import { ADDING, defineTool } from "./define.ts";
import { waitSeconds } from "./fields.ts";
import { isJobId, watchJob } from "./jobs.ts";
import { MAX_ROWS, runTable } from "./rows.ts";
import { call, waitCalls } from "./links.ts";
import { watchRuns } from "./train.ts";
import { answer } from "./answer.ts";

export const stopRunTool = defineTool({
  name: "stop-run",
  title: "Stop runs",
  description:
    "Stops runs that are training, after their current step and with a checkpoint, and cancels queued " +
    "ones and jobs. Nothing is lost: train with resume continues a run, bit for bit.",
  input: requests.stop.extend({ wait_seconds: waitSeconds() }),
  annotations: { ...ADDING, idempotentHint: true },
  async run({ wait_seconds, ...request }, context) {
    const { lab, links } = context;
    const asked = stopAll(lab, request);
    const [now, ...jobs] = await Promise.all([
      watchRuns(asked.runs.map(({ id }) => id), wait_seconds, context),
      ...asked.jobs.map(({ id }) => watchJob(id, wait_seconds, context)),
    ]);
    const over = now.filter(hasEnded);
    const stopping = now.length - over.length;
    const resumable = now.filter((run) => run.status === "stopped");
    const [waiting] = now.filter((run) => !hasEnded(run));
    const summary = now.length + jobs.length === 0 ? "Nothing was queued or running." : [
      ...(now.length === 0 ? [] : [
        `Ended: ${counted(over.length, "run")}${
          stopping > 0 ? `; still stopping: ${stopping}` : ""
        }.`,
      ]),
      ...jobs.slice(0, MAX_ROWS).map(({ id, status, kind, runId }) =>
        status === "finished"
          ? `${id} has finished: ${call("inspect-run", { run: id })} shows its result.`
          // Only evaluations keep what they have done so far.
          : `${id} is ${status}; ${kind} of ${runId} with the same arguments ${
            kind === "evaluate" ? "continues it" : "starts it over"
          }.`
      ),
    ].join(" ");
    return answer({
      summary,
      next: waiting
        ? waitCalls([waiting], { run: waiting.id })
        : resumable.slice(0, 1).map((run) => `train {"resume": "${run.id}"} to continue it`),
      viewerUrl: links.home(),
    }, [
      now.length > 0 ? runTable(now.slice(0, MAX_ROWS)) : "",
      now.length > MAX_ROWS ? `${now.length - MAX_ROWS} more: inspect-run {} lists all` : "",
    ]);
  },
});

/**
 * Asks runs and jobs to stop.
 *
 * @throws {RefusedValue} Unless exactly one of `runs` and `all` is given.
 * @throws {UserError} If all that are named have ended.
 */
export function stopAll(
  lab: Lab,
  request: z.output<typeof requests.stop>,
): { readonly runs: readonly Run[]; readonly jobs: readonly Job[] } {
  const which = runsToStop(request);
  if (which === "all") return { runs: lab.stop("all"), jobs: lab.stopJobs("all") };
  const { jobs = [], runs = [] } = Object.groupBy(which, (id) => isJobId(id) ? "jobs" : "runs");
  return {
    runs: runs.length === 0 ? [] : lab.stop(runs),
    jobs: jobs.length === 0 ? [] : lab.stopJobs(jobs),
  };
}

/** Returns the runs to stop. @throws {RefusedValue} Unless exactly one of `runs` and `all` is given. */
function runsToStop(
  { run, runs, all }: z.output<typeof requests.stop>,
): readonly string[] | "all" {
  const named = run === undefined ? runs : [run, ...runs ?? []];
  if ((named === undefined) === all) return named ?? "all";
  throw new RefusedValue((name) =>
    `Give either ${name("runs")} (ids such as image-0001) or ${name("all")}, and not both`
  );
}
