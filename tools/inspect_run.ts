import { z } from "zod";
import { UserError } from "../engine/host/mod.ts";
import {
  METRIC_NAMES,
  type MetricName,
  type Run,
  RUN_STATUSES,
  type RunReport,
} from "../experiments/mod.ts";
import { answer, type Call, defineTool, READING } from "./define.ts";
import {
  curvePoints,
  REFERENCE_HELP,
  runReference,
  tableLimit,
  tableOffset,
  waitSeconds,
} from "./fields.ts";
import type { Links } from "./links.ts";
import { isOver, moreRows, runTable } from "./rows.ts";
import { reportCurves, reportParts } from "./run_report.ts";
import { resumption, statusCounts, watchRuns } from "./train.ts";

export const inspectRunTool = defineTool({
  name: "inspect-run",
  title: "Look at a run, or list runs",
  description:
    "With run: status, newest metrics, curves, speed, estimated end, configuration, samples, and what the " +
    "diagnosis noticed (a model that learnt nothing is reported as such). Without run: a table of " +
    "runs, newest first, all or of one sweep or status. With wait_seconds it waits for the end of " +
    "what is still running first.",
  input: z.strictObject({
    run: runReference.optional().describe(
      `One run: ${REFERENCE_HELP} (default: list runs instead)`,
    ),
    sweep: z.string().min(1).max(60).optional().describe(
      "List the runs of this sweep, e.g. sweep-0003 (default all)",
    ),
    status: z.enum(RUN_STATUSES).optional().describe("List runs of this status (default all)"),
    metrics: z.array(z.enum(METRIC_NAMES)).min(1).max(METRIC_NAMES.length).optional().describe(
      "Curves to return with run (default loss and what the run is ranked by)",
    ),
    points: curvePoints,
    wait_seconds: waitSeconds(0),
    limit: tableLimit,
    offset: tableOffset,
  }),
  annotations: READING,
  async run({ run, sweep, status, metrics, points, wait_seconds, limit, offset }, call) {
    if (run !== undefined) {
      if (sweep !== undefined || status !== undefined) {
        throw new UserError("sweep and status choose runs for a list: leave them out beside run");
      }
      const { id } = call.lab.run(run);
      await watchRuns([id], wait_seconds, call);
      return oneRun(id, metrics, points, call);
    }
    const filter = { ...(sweep ? { sweepId: sweep } : {}), ...(status ? { status } : {}) };
    if (wait_seconds > 0) {
      const waiting = call.lab.runs({ ...filter, limit: 100 }).runs.filter((r) => !isOver(r));
      await watchRuns(waiting.map((r) => r.id), wait_seconds, call);
    }
    const { runs, total } = call.lab.runs({ ...filter, limit, offset });
    return runList(runs, total, offset, call.links, sweep);
  },
});

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
        ...(run.config.modality === "image"
          ? [
            `sample {"run": "${run.id}"} to see pictures`,
            `evaluate {"run": "${run.id}"} to measure them`,
          ]
          : [
            `sample {"run": "${run.id}"} to read what it writes`,
            `evaluate {"run": "${run.id}"} to measure its likelihood and its texts`,
          ]),
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
