import { z } from "zod";
import { UserError } from "../engine/host/mod.ts";
import {
  METRIC_NAMES,
  type MetricName,
  type Run,
  RUN_STATUSES,
  type RunReport,
  yardstickOf,
} from "../experiments/mod.ts";
import { BriefEvaluation, briefEvaluation, evaluationTable } from "./evaluation_rows.ts";
import { BaselineRow, baselineRow, baselineTable } from "./text_evaluation_rows.ts";
import { type Call, defineTool, structured } from "./define.ts";
import {
  integer,
  pointers,
  REFERENCE_HELP,
  runReference,
  tableLimit,
  tableOffset,
  waitSeconds,
} from "./fields.ts";
import type { Links } from "./links.ts";
import { counted, isOver, moreRows, rounded, RunRow, runRow, runTable } from "./rows.ts";
import { statusCounts, watchRuns } from "./train.ts";

const Detail = RunRow.extend({
  config: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).describe(
    "The whole configuration: train's fields and their values",
  ),
  config_hash: z.string(),
  code_version: z.string(),
  dataset_hash: z.string().nullable(),
  device: z.string().nullable(),
  parameter_count: z.number().nullable(),
  checkpoint_step: z.number().nullable().describe("Where resume would go on"),
  seconds_per_step: z.number().nullable(),
  images_per_second: z.number().nullable(),
  trivial_mse: z.number().nullable().describe(
    "The same of a trivial model: each pixel by itself, or a bigram model",
  ),
  baselines: BaselineRow.nullable().describe("Nats per character of n-gram models, for text"),
  relative_error: z.number().nullable().describe(
    "denoising_mse or nats_per_character / trivial_mse; below 1 is better",
  ),
  curves: z.record(z.string(), z.array(z.tuple([z.number(), z.number()]))).describe(
    "[step, value] of each metric asked for, thinned",
  ),
  alerts: z.array(z.object({ level: z.string(), code: z.string(), message: z.string() }))
    .describe("What the diagnosis noticed"),
  samples: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      step: z.number(),
      viewer_url: z.string().nullable(),
    }),
  ).describe("The newest pictures"),
  evaluations: z.array(BriefEvaluation).describe("The newest measurements of pictures"),
});

export const inspectRunTool = defineTool({
  name: "inspect-run",
  title: "Look at a run, or list runs",
  description:
    "With run: status, newest metrics, thinned curves, speed, estimated end, samples, and what the " +
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
    points: integer(2, 50).default(20).describe("Points of each curve, 2 to 50 (default 20)"),
    wait_seconds: waitSeconds(0),
    limit: tableLimit,
    offset: tableOffset,
  }),
  output: z.object({
    ...pointers,
    run: Detail.nullable().describe("The run asked for; null for a list"),
    runs: z.array(RunRow).describe("The list; empty with run"),
    total: z.number().describe("Runs that match, over all pages"),
    more: z.string().nullable().describe("How to get the next page"),
  }),
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
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
  const { run } = report;
  const evaluations = report.evaluations.slice(-5).reverse();
  const metrics = asked ?? ["loss", yardstickOf(run).metric];
  const detail = {
    ...runRow(run, links),
    config: run.config,
    config_hash: run.configHash,
    code_version: run.codeVersion,
    dataset_hash: run.datasetHash,
    device: run.device,
    parameter_count: run.parameterCount,
    checkpoint_step: run.checkpointStep,
    seconds_per_step: rounded(report.secondsPerStep),
    images_per_second: rounded(report.imagesPerSecond),
    trivial_mse: rounded(run.trivialMse),
    baselines: baselineRow(report.baselines),
    relative_error: rounded(report.relativeError),
    curves: Object.fromEntries(
      Object.entries(lab.metrics(id, { names: metrics, maxPoints: points }))
        .map(([name, curve]) => [name, curve.map((p) => [p.step, rounded(p.value) ?? 0])]),
    ),
    alerts: report.alerts,
    evaluations: evaluations.map(briefEvaluation),
    samples: report.samples.slice(-5).reverse().map((sample) => ({
      id: sample.id,
      kind: sample.kind,
      step: sample.step,
      viewer_url: links.samples(run.id),
    })),
  };
  const output = {
    summary: report.summary,
    next: nextFor(report),
    viewer_url: links.run(run.id),
    run: detail,
    runs: [],
    total: 1,
    more: null,
  };
  const alerts = report.alerts.map((alert) => `${alert.level}: ${alert.message}`).join("\n");
  const curves = Object.entries(detail.curves)
    .map(([name, curve]) => `${name}: ${curve.map((point) => point.join(":")).join(" ")}`)
    .join("\n");
  return structured(
    output,
    runTable([run]),
    baselineTable(report.baselines),
    alerts,
    evaluationTable(evaluations),
    curves,
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
            `evaluate {"run": "${run.id}"} to measure it and that`,
          ]),
        "compare-runs with others",
      ];
    case "stopped":
    case "interrupted":
    case "failed":
      return [`train {"resume": "${run.id}"} to go on from step ${run.checkpointStep ?? 0}`];
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
  const summary = total === 0
    ? "There are no such runs."
    : `${counted(total, "run")}${runs.length < total ? `, ${runs.length} shown` : ""}: ${
      statusCounts(runs)
    }.`;
  const next = total === 0 ? ['train {"preset": "mnist-tiny"} for a first run of a few seconds'] : [
    `inspect-run {"run": "${runs[0]?.id ?? "latest"}"} for one of them`,
    ...(total > 1 ? ["compare-runs to rank them"] : []),
  ];
  const output = {
    summary,
    next,
    viewer_url: sweep === undefined ? links.home() : links.sweep(sweep),
    run: null,
    runs: runs.map((run) => runRow(run, links)),
    total,
    more,
  };
  return structured(output, runs.length > 0 ? runTable(runs) : "", more ?? "");
}
