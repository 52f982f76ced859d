/** The tool that inspects runs, and one run as text: what it is, how it stands, and what is known of it. */
import type { z } from "zod";
import { counted, duration, RefusedValue } from "../engine/host/mod.ts";
import {
  InspectRequest,
  type Lab,
  type MetricName,
  metricOf,
  modalityOf,
  type Run,
  type RunFilter,
  type RunReport,
} from "../experiments/mod.ts";
import { answer, type Call, defineTool, READING } from "./define.ts";
import { waitSeconds } from "./fields.ts";
import { isJobId, jobAnswer, jobList } from "./jobs.ts";
import { curvesUri, type Links, runUri, sampleUri } from "./links.ts";
import {
  curveTable,
  isOver,
  moreRows,
  named,
  rounded,
  runTable,
  shortenedError,
  statusOf,
  timeOf,
} from "./rows.ts";
import {
  call,
  compareCalls,
  evaluateCall,
  rankCalls,
  resumeCalls,
  sampleCall,
  waitCalls,
} from "./next.ts";
import { statusCounts, watchRuns } from "./train.ts";
import { evaluationTable, viewOf } from "./views.ts";
import { baselineTable } from "./text_view.ts";

export const inspectRunTool = defineTool({
  name: "inspect-run",
  title: "Look at a run, or list runs",
  description:
    "Shows one run: status, curves, time left, configuration, samples, and warnings of the diagnosis " +
    "(such as a model that learnt nothing, however small its loss). Without run it lists " +
    "runs, newest first: all, or those of one sweep or status. With a job's id as run it shows what " +
    "sample or evaluate made. wait_seconds waits for the end of what is still at work. Give the person " +
    "the link.",
  input: InspectRequest.extend({ wait_seconds: waitSeconds(0) }),
  annotations: READING,
  async run({ run, jobs, sweep, status, metrics, points, wait_seconds, limit, offset }, context) {
    const filter = listedRuns({ run, jobs, sweep, status });
    if (jobs) return jobList(context, limit, offset);
    if (run !== undefined && isJobId(run)) return await jobAnswer(run, wait_seconds, context);
    if (run !== undefined) {
      const { id } = context.lab.run(run);
      await watchRuns([id], wait_seconds, context);
      return oneRun(id, metrics, points, context);
    }
    if (wait_seconds > 0) {
      const waiting = context.lab.runs({ ...filter, limit: 100 }).runs.filter((r) => !isOver(r));
      await watchRuns(waiting.map((r) => r.id), wait_seconds, context);
    }
    const { runs, total } = context.lab.runs({ ...filter, limit, offset });
    return runList(runs, total, offset, context.links, sweep);
  },
});

/** Returns the filter of a list of runs. @throws {RefusedValue} If a single run, or jobs, are named as
 * well. */
export function listedRuns(
  { run, jobs, sweep, status }: Pick<
    z.output<typeof InspectRequest>,
    "run" | "jobs" | "sweep" | "status"
  >,
): Pick<RunFilter, "sweepId" | "status"> {
  if (jobs && run !== undefined) {
    throw new RefusedValue((name) =>
      `${name("jobs")} lists all jobs: leave it out beside ${name("run")}, which shows one`
    );
  }
  if ((run === undefined && !jobs) || (sweep === undefined && status === undefined)) {
    return { sweepId: sweep, status };
  }
  throw new RefusedValue((name) =>
    `${name("sweep")} and ${name("status")} choose the runs of a list: leave them out beside ` +
    name(jobs ? "jobs" : "run")
  );
}

function oneRun(
  id: string,
  asked: readonly MetricName[] | undefined,
  points: number,
  { lab, links }: Call,
) {
  const report = lab.inspect(id);
  return answer(
    {
      summary: `${report.summary}.`,
      next: nextFor(lab, report),
      viewerUrl: links.run(id),
      rest: runUri(id),
    },
    [...reportParts(lab, report), reportCurves(lab, report.run, asked, points)],
  );
}

function nextFor(lab: Lab, { run }: RunReport): string[] {
  switch (run.status) {
    case "queued":
    case "running":
      return [
        ...waitCalls([run], { run: run.id }),
        ...(run.checkpointStep === null ? [] : [sampleCall(run, viewOf(run))]),
      ];
    case "finished":
      return [
        sampleCall(run, viewOf(run)),
        evaluateCall(run, viewOf(run)),
        ...compareCalls(lab, run),
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
  const which = sweep === undefined ? {} : { sweep };
  const ranking = sweep !== undefined && total > 1
    ? [`${call("compare-runs", { sweep })} to rank them`]
    : rankCalls(runs);
  const next = total === 0 ? ['train {"preset": "mnist-tiny"} for a first run of a few seconds'] : [
    `${call("inspect-run", { run: runs[0]?.id ?? "latest" })} for one of them`,
    ...waitCalls(runs, which),
    ...ranking,
    ...resumeCalls(runs),
  ];
  return answer(
    { summary, next, viewerUrl: sweep === undefined ? links.home() : links.sweep(sweep) },
    [runs.length > 0 ? runTable(runs) : "", more],
  );
}

/** Samples and evaluations that are named, the newest. */
const NEWEST = 5;
/** Points of a curve that its table is chosen from. */
const CURVE_POINTS = 10_000;

/** The parts of a report below its summary; parts without content are empty. */
export function reportParts(lab: Lab, report: RunReport): string[] {
  const { run, alerts, baselines, evaluations } = report;
  return [
    alerts.map(({ level, message }) => `${level}: ${message}`).join("\n"),
    facts(report),
    baselineTable(baselines),
    evaluationTable(evaluations.slice(-NEWEST).reverse()) +
    olderNote(evaluations.length, "evaluation", run),
    samples(lab, report),
  ];
}

/** A table of the run's curves in at most `points` rows, and where all of their points are. */
export function reportCurves(
  lab: Lab,
  run: Run,
  metrics: readonly MetricName[] | undefined,
  points: number,
): string {
  const names = metrics ?? ["loss", metricOf(run).name];
  const curves = lab.metrics(run.id, { names, maxPoints: CURVE_POINTS });
  const columns = names.map((title) => ({ title, points: curves[title] ?? [] }));
  const recorded = columns.filter((column) => column.points.length > 0);
  const missing = columns.filter((column) => column.points.length === 0);
  const none = missing.length > 0
    ? `Not recorded${recorded.length > 0 ? "" : " yet"}: ${
      missing.map(({ title }) => title).join(", ")
    }.`
    : "";
  if (recorded.length === 0) return none;
  return [
    `Curves (${
      recorded.map(({ title, points }) => `${counted(points.length, "point")} of ${title}`)
        .join(", ")
    } in ${curvesUri(run.id, "csv")}):`,
    "",
    curveTable(recorded, points),
    ...(none === "" ? [] : ["", none]),
  ].join("\n");
}

function facts({ run, relativeError }: RunReport): string {
  const { name: metric } = metricOf(run);
  const speed = run.latest.examples_per_second ?? null;
  const unit = modalityOf(run).examples;
  const lines = [
    ["Status", [
      statusOf(run),
      `step ${run.step}/${run.steps}`,
      run.etaSeconds === null ? "" : `about ${duration(run.etaSeconds)} left`,
      run.checkpointStep === null
        ? "no checkpoint yet"
        : `checkpoint at step ${run.checkpointStep}`,
      run.startedAt === null ? "" : `started ${timeOf(run.startedAt)} UTC`,
      run.endedAt === null ? "" : `ended ${timeOf(run.endedAt)} UTC`,
    ]],
    ["Newest", [
      named("loss", run.latest.loss),
      named("validation_loss", run.latest.validation_loss),
      named(metric, run.latest[metric]),
    ]],
    ["Trivial model", [
      named(metric, run.baseline),
      relativeError === null
        ? ""
        : `this run has ${rounded(relativeError)} times that (below 1 is better)`,
    ]],
    ["Speed", [
      speed === null ? "" : `${rounded(run.config.batch_size / speed)} s a step`,
      speed === null ? "" : `${rounded(speed)} ${unit}/s`,
    ]],
    ["Belongs to", [
      run.sweepId ?? "",
      run.label === null ? "" : `label ${JSON.stringify(run.label)}`,
    ]],
    ["Made of", [
      run.parameterCount === null ? "" : `${run.parameterCount.toLocaleString("en")} parameters`,
      run.replicas === null ? "" : counted(run.replicas, "replica"),
      run.device === null ? "" : `on ${run.device}`,
      run.requestedDevice === null ? "" : `${run.requestedDevice} requested`,
      `configuration ${run.configHash}`,
      run.datasetHash === null ? "" : `data ${run.datasetHash.slice(0, 12)}`,
      `code ${run.codeVersion}`,
      `all of it as JSON: ${runUri(run.id)}`,
    ]],
    ["Failed", run.error === null ? [] : [shortenedError(run.error)]],
    ["Configuration", Object.entries(run.config).map(([field, value]) => `${field}=${value}`)],
  ] as const;
  return lines.map(([title, parts]) => [title, parts.filter((part) => part !== "")] as const)
    .filter(([, parts]) => parts.length > 0)
    .map(([title, parts]) => `- ${title}: ${parts.join(", ")}`).join("\n");
}

function samples(lab: Lab, { run }: RunReport): string {
  const view = viewOf(run);
  const made = view.samples(lab, run.id).map(view.sampleLine);
  if (made.length === 0) return "";
  const newest = made.slice(-NEWEST).reverse();
  const lines = newest.map(({ id, kind, step }) => `- ${sampleUri(id)} (${kind}, step ${step})`);
  return `${
    made.length > NEWEST ? `Newest of ${made.length} samples` : "Samples, newest first"
  }:\n${lines.join("\n")}`;
}

function olderNote(count: number, noun: string, run: Run): string {
  return count > NEWEST ? `\n${counted(count - NEWEST, `older ${noun}`)}: ${runUri(run.id)}` : "";
}
