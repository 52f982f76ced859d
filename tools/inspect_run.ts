/** The tool that inspects runs, sweeps and jobs, one or a list of them. */
import type { z } from "zod";
import { capital, counted, RefusedValue, shortened, withoutUndefined } from "../engine/host/mod.ts";
import {
  hasEnded,
  isPretrained,
  type Lab,
  type MetricName,
  requests,
  type Run,
  type RunFilter,
  type RunReport,
  type SweepSummary,
} from "../experiments/mod.ts";
import { type Journal, matchingEntries } from "../journal/mod.ts";
import { publications } from "./arguments.ts";
import { type Call, defineTool, READING } from "./define.ts";
import { waitSeconds } from "./fields.ts";
import { isJobId, jobAnswer, jobList } from "./jobs.ts";
import {
  call,
  compareCalls,
  evaluateCalls,
  type Links,
  rankCalls,
  repeated,
  resumeCalls,
  runUri,
  sampleCall,
  waitCalls,
} from "./links.ts";
import { moreRows, rounded, runTable, table, timeOf } from "./rows.ts";
import { statusCounts, watchRuns } from "./train.ts";
import { reportCurves, reportParts, viewOf } from "./run_report.ts";
import { answer } from "./answer.ts";

const InspectInput = requests.inspect.extend({ wait_seconds: waitSeconds(0) });
// A sweep's id in the place of a run does the same; the other two only shorten tables.
publications.add(InspectInput, { rare: ["sweep", "points", "limit"] });

export const inspectRunTool = defineTool({
  name: "inspect-run",
  title: "Look at a run, or list runs",
  description:
    "Shows one run: status, curves, time left, configuration, samples, and warnings (e.g. that a " +
    "model learnt nothing). Without run it lists runs, newest first: all, or " +
    "those of a sweep, status, text, tag, date or configuration. With a job's id as run it shows the " +
    "result of sample or evaluate. wait_seconds waits for the end of training or job. Give the person " +
    "the link.",
  input: InspectInput,
  annotations: READING,
  async run({ metrics, points, wait_seconds, limit, offset, ...request }, context) {
    const { run, jobs, sweeps, filter } = await inspected(request, context.journal);
    if (jobs) return jobList(context, limit, offset);
    if (run !== undefined && isJobId(run)) return await jobAnswer(run, wait_seconds, context);
    if (run !== undefined) {
      const { id } = context.lab.run(run);
      await watchRuns([id], wait_seconds, context);
      return runAnswer(id, metrics, points, context);
    }
    if (wait_seconds > 0) {
      const waiting = context.lab.runs({ ...filter, limit: 100 }).runs.filter((r) => !hasEnded(r));
      await watchRuns(waiting.map((r) => r.id), wait_seconds, context);
    }
    if (sweeps) {
      const found = context.lab.sweeps({ ...filter, limit, offset });
      return sweepList(found.sweeps, found.total, offset, context.links);
    }
    const { runs, total } = context.lab.runs({ ...filter, limit, offset });
    const isAll = offset === 0 && Object.values(filter).every((value) => value === undefined);
    return runList(context, runs, {
      total,
      offset,
      sweep: filter.sweepId,
      pretrained: isAll ? context.lab.pretrained() : [],
    });
  },
});

type Inspected = Omit<
  z.output<typeof requests.inspect>,
  "metrics" | "points" | "limit" | "offset"
>;

/**
 * What is to be looked at: one run or job, all jobs, or the runs or sweeps that a filter chooses. A
 * sweep in the place of a run stands for the list of its runs.
 *
 * @throws {RefusedValue} If one of these is named beside another.
 */
export async function inspected(
  { run, jobs, sweep, sweeps, ...filter }: Inspected,
  journal: () => Promise<Journal>,
): Promise<Pick<Inspected, "run" | "jobs" | "sweeps"> & { readonly filter: RunFilter }> {
  const isSweep = run !== undefined && SWEEP_ID.test(run);
  if (jobs && run !== undefined) {
    throw new RefusedValue((name) =>
      `${name("jobs")} lists all jobs: leave it out beside ${name("run")}, which shows one`
    );
  }
  const choosing = Object.keys(
    withoutUndefined({ ...filter, sweep, sweeps: sweeps || undefined }),
  );
  if (jobs || (run !== undefined && !isSweep)) {
    if (choosing.length === 0) return { run, jobs, sweeps, filter };
    throw new RefusedValue((name) => {
      const [choose, them] = choosing.length === 1 ? ["chooses", "it"] : ["choose", "them"];
      return `${
        choosing.map((field) => name(field)).join(" and ")
      } ${choose} the runs of a list: ` +
        `leave ${them} out beside ${name(jobs ? "jobs" : "run")}`;
    });
  }
  return {
    jobs,
    sweeps,
    filter: {
      ...filter,
      sweepId: sweep ?? run,
      tagged: filter.tag === undefined ? undefined : await runsTagged(filter.tag, journal),
    },
  };
}

const SWEEP_ID = /^sweep-\d+$/;

/** The runs of the journal's entries with this tag. */
async function runsTagged(tag: string, journal: () => Promise<Journal>): Promise<string[]> {
  const entries = matchingEntries((await journal()).listEntries(), { tag });
  return [...new Set(entries.flatMap(({ runs }) => runs))];
}

function runAnswer(
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
  if (isPretrained(run.id)) {
    return [
      bestSample(lab, run),
      ...evaluateCalls(lab, run),
      ...compareCalls(lab, run),
    ];
  }
  switch (run.status) {
    case "queued":
    case "running":
      return [
        ...waitCalls([run], { run: run.id }),
        ...(run.checkpointStep === null ? [] : [sampleCall(run)]),
      ];
    case "finished":
      return [
        sampleCall(run),
        ...evaluateCalls(lab, run),
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

function sweepList(
  sweeps: readonly SweepSummary[],
  total: number,
  offset: number,
  links: Links,
) {
  const [first] = sweeps;
  return answer({
    summary: total === 0
      ? "There are no such sweeps."
      : `${capital(counted(total, "sweep"))}${total > 1 ? ", newest first" : ""}.`,
    next: first === undefined ? ["inspect-run {} for all runs"] : [
      `inspect-run {"run": "${first.id}"} for the runs of one`,
      ...(Object.values(first.statuses).reduce((total, count) => total + count, 0) > 1
        ? [`compare-runs {"sweep": "${first.id}"} for its outcome`]
        : []),
    ],
    viewerUrl: links.home(),
  }, [sweepTable(sweeps), moreRows(sweeps.length, offset, total)]);
}

/** Values of a field that a table of sweeps names. */
const MAX_VALUES = 6;

/** A Markdown table of sweeps; "" for none. */
export function sweepTable(sweeps: readonly SweepSummary[]): string {
  if (sweeps.length === 0) return "";
  const values = ([field, of]: [string, readonly (string | number)[]]) =>
    `${field} ${of.slice(0, MAX_VALUES).join(", ")}${of.length > MAX_VALUES ? ", ..." : ""}`;
  return table(
    ["sweep", "started (UTC)", "runs", "data set", "varied", "best", "label"],
    sweeps.map(({ id, createdAt, statuses, dataset, varied, metric, best, label }) => [
      id,
      timeOf(createdAt),
      Object.entries(statuses).map(([status, count]) => `${count} ${status}`).join(", "),
      dataset,
      Object.entries(varied).map(values).join("; "),
      best === null ? "-" : `${best.run} (${metric} ${rounded(best.value)})`,
      label === null ? "-" : shortened(label, 60),
    ]),
  );
}

/** A call that samples from a pretrained run with the settings of its first published sample. */
function bestSample(lab: Lab, run: Run): string {
  const view = viewOf(run.config.modality);
  const [made] = view.samples(lab, run.id);
  return sampleCall(run, made && repeated(run, made));
}

/** Needs no network. */
const FIRST_RUN = { preset: "mnist-tiny", overrides: { dataset: "mnist-6k" } };

function runList(
  { lab, links }: Call,
  runs: readonly Run[],
  { total, offset, sweep, pretrained }: {
    readonly total: number;
    readonly offset: number;
    readonly sweep: string | undefined;
    readonly pretrained: readonly Run[];
  },
) {
  const more = moreRows(runs.length, offset, total);
  const counts = statusCounts(runs);
  const all = `${total} ${total === 1 ? "run" : "runs"}`;
  const summary = total === 0
    ? pretrained.length > 0 ? "There are no runs of your own yet." : "There are no such runs."
    : runs.length === total
    ? `${all}: ${counts}.`
    : `${all}, ${runs.length} shown${counts === "" ? "" : ` (${counts})`}.`;
  const which = sweep === undefined ? {} : { sweep };
  const ranking = sweep !== undefined && total > 1
    ? [`${call("compare-runs", { sweep })} to rank them`]
    : rankCalls(runs);
  const next = total === 0
    ? pretrained.length === 0 ? [`${call("inspect-run", {})} for all runs`] : [
      ...pretrained.map((run) => bestSample(lab, run)),
      `${call("train", FIRST_RUN)} for a first run, which takes seconds`,
    ]
    : [
      `${call("inspect-run", { run: runs[0]?.id ?? "latest" })} for one of them`,
      ...waitCalls(runs, which),
      ...ranking,
      ...resumeCalls(runs),
    ];
  return answer(
    { summary, next, viewerUrl: sweep === undefined ? links.home() : links.sweep(sweep) },
    [
      runs.length > 0 ? runTable(runs) : "",
      more,
      pretrained.length > 0
        ? `Pretrained runs, which every workspace has and nothing changes:\n\n${
          runTable(pretrained)
        }`
        : "",
    ],
  );
}
