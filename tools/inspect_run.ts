import type { z } from "zod";
import { UserError } from "../engine/host/mod.ts";
import {
  InspectRequest,
  type MetricName,
  type Run,
  type RunFilter,
  type RunReport,
} from "../experiments/mod.ts";
import { answer, type Call, defineTool, READING } from "./define.ts";
import { waitSeconds } from "./fields.ts";
import type { Links } from "./links.ts";
import { isOver, moreRows, runTable } from "./rows.ts";
import { reportCurves, reportParts } from "./run_report.ts";
import { resumption, statusCounts, watchRuns } from "./train.ts";
import { viewOf } from "./views.ts";

export const inspectRunTool = defineTool({
  name: "inspect-run",
  title: "Look at a run, or list runs",
  description:
    "With run: status, newest metrics, curves, speed, estimated end, configuration, samples, and what the " +
    "diagnosis noticed (a model that learnt nothing is reported as such). Without run: a table of " +
    "runs, newest first, all or of one sweep or status. With wait_seconds it waits for the end of " +
    "what is still running first.",
  input: InspectRequest.extend({ wait_seconds: waitSeconds(0) }),
  annotations: READING,
  async run({ run, sweep, status, metrics, points, wait_seconds, limit, offset }, call) {
    const filter = listedRuns({ run, sweep, status });
    if (run !== undefined) {
      const { id } = call.lab.run(run);
      await watchRuns([id], wait_seconds, call);
      return oneRun(id, metrics, points, call);
    }
    if (wait_seconds > 0) {
      const waiting = call.lab.runs({ ...filter, limit: 100 }).runs.filter((r) => !isOver(r));
      await watchRuns(waiting.map((r) => r.id), wait_seconds, call);
    }
    const { runs, total } = call.lab.runs({ ...filter, limit, offset });
    return runList(runs, total, offset, call.links, sweep);
  },
});

/** Which runs a list is of. @throws {UserError} If one run is asked for beside a list. */
export function listedRuns(
  { run, sweep, status }: Pick<z.output<typeof InspectRequest>, "run" | "sweep" | "status">,
): Pick<RunFilter, "sweepId" | "status"> {
  if (run === undefined || (sweep === undefined && status === undefined)) {
    return { sweepId: sweep, status };
  }
  throw new UserError("sweep and status choose runs for a list: leave them out beside run");
}

function oneRun(id: string, asked: readonly MetricName[] | undefined, points: number, call: Call) {
  const { lab, links } = call;
  const report = lab.inspect(id);
  return answer(
    { summary: `${report.summary}.`, next: nextFor(report), viewerUrl: links.run(id) },
    [...reportParts(lab, report), reportCurves(lab, report.run, asked, points)],
  );
}

function nextFor({ run }: RunReport): string[] {
  switch (run.status) {
    case "queued":
    case "running":
      return [
        `inspect-run {"run": "${run.id}", "wait_seconds": 45} to wait for it`,
        ...(run.checkpointStep === null ? [] : [`sample {"run": "${run.id}"} to see it so far`]),
      ];
    case "finished":
      return [
        `sample {"run": "${run.id}"} to ${viewOf(run).toSample}`,
        `evaluate {"run": "${run.id}"} to ${viewOf(run).toEvaluate}`,
        run.sweepId === null
          ? `compare-runs {"runs": ["${run.id}", ...]} to rank it among others`
          : `compare-runs {"sweep": "${run.sweepId}"} to rank it in its sweep`,
      ];
    case "stopped":
    case "interrupted":
    case "failed":
      return [
        `train {"resume": "${run.id}"} to ${
          run.checkpointStep === null ? "start it over" : `go on from step ${run.checkpointStep}`
        }`,
      ];
  }
}

/** What a comparison of listed runs is asked with; nothing where no two of them have one measure. */
function rankable(runs: readonly Run[], sweep: string | undefined): string[] {
  const [first] = runs;
  const alike = runs.filter(({ config }) => config.modality === first?.config.modality);
  if (alike.length < 2) return [];
  if (sweep !== undefined) return [`{"sweep": ${JSON.stringify(sweep)}}`];
  const ids = alike.slice(0, 2).map(({ id }) => JSON.stringify(id));
  return [`{"runs": [${ids.join(", ")}, ...]}`];
}

function runList(
  runs: readonly Run[],
  total: number,
  offset: number,
  links: Links,
  sweep: string | undefined,
) {
  const more = moreRows(runs.length, offset, total);
  const counts = statusCounts(runs);
  const all = `${total} ${total === 1 ? "run" : "runs"}`;
  const summary = total === 0
    ? "There are no such runs."
    : runs.length === total
    ? `${all}: ${counts}.`
    : `${all}, ${runs.length} shown${counts === "" ? "" : ` (${counts})`}.`;
  const next = total === 0 ? ['train {"preset": "mnist-tiny"} for a first run of a few seconds'] : [
    `inspect-run {"run": "${runs[0]?.id ?? "latest"}"} for one of them`,
    ...(runs.every(isOver) ? [] : [
      `inspect-run {${
        sweep === undefined ? "" : `"sweep": "${sweep}", `
      }"wait_seconds": 45} to wait for those that are not over`,
    ]),
    ...rankable(runs, sweep).map((which) => `compare-runs ${which} to rank them`),
    ...resumption(runs),
  ];
  return answer(
    { summary, next, viewerUrl: sweep === undefined ? links.home() : links.sweep(sweep) },
    [runs.length > 0 ? runTable(runs) : "", more],
  );
}
