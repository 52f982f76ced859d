/** Runs and evaluations as text: how they stand, and what is known of them. */
import {
  byPresentation,
  type Evaluation,
  type Lab,
  type MetricName,
  metricOf,
  modalityOf,
  type Run,
  type RunReport,
  tellingFields,
} from "../experiments/mod.ts";
import { type ModalityView, tableView } from "./table_view.ts";
import { pictureView } from "./picture_view.ts";
import { baselineTable, textView } from "./text_view.ts";
import { curveTable, named, rounded, shortenedError, statusOf, timeOf } from "./rows.ts";
import { counted, duration } from "../engine/host/mod.ts";
import { curvesUri, runUri, sampleUri } from "./links.ts";

/** Returns the view for the runs, samples and evaluations of a modality. */
export const viewOf = byPresentation<ModalityView>({
  pictures: pictureView,
  texts: textView,
  tables: tableView,
});

/** Markdown tables of evaluations, one for each modality; "" for none. */
export function evaluationTable(evaluations: readonly Evaluation[]): string {
  return [...Map.groupBy(evaluations, ({ modality }) => modality)]
    .map(([name, alike]) => viewOf(name).evaluationTable(alike)).join("\n\n");
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

function facts({ run }: RunReport): string {
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
    ["Newest values", [
      named("loss", run.latest.loss),
      named("validation_loss", run.latest.validation_loss),
      named(metric, run.latest[metric]),
    ]],
    ["Speed", [
      speed === null ? "" : `${rounded(run.config.batch_size / speed)} s a step`,
      speed === null ? "" : `${rounded(speed)} ${unit}/s`,
    ]],
    ["Sweep", [run.sweepId ?? ""]],
    ["Label", [run.label === null ? "" : JSON.stringify(run.label)]],
    ["Model", [
      run.parameterCount === null ? "" : `${run.parameterCount.toLocaleString("en")} parameters`,
      run.device === null ? "" : `trained on ${run.device}`,
      run.requestedDevice === null ? "" : `${run.requestedDevice} was requested`,
      (run.replicas ?? 1) > 1 ? `batches divided among ${run.replicas} replicas` : "",
    ]],
    ["Hashes", [
      `configuration ${run.configHash}`,
      run.datasetHash === null ? "" : `data ${run.datasetHash.slice(0, 12)}`,
      `code ${run.codeVersion}`,
    ]],
    ["Failed", run.error === null ? [] : [shortenedError(run.error)]],
    ["Configuration", tellingFields(run.config).map(([field, value]) => `${field}=${value}`)],
    ["As JSON", [runUri(run.id)]],
  ] as const;
  return lines.map(([title, parts]) => [title, parts.filter((part) => part !== "")] as const)
    .filter(([, parts]) => parts.length > 0)
    .map(([title, parts]) => `- ${title}: ${parts.join(", ")}`).join("\n");
}

function samples(lab: Lab, { run }: RunReport): string {
  const view = viewOf(run.config.modality);
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
