/** Tables, notes and curves of answers, in Markdown. */
import {
  type AlignedCurve,
  differingFields,
  type Lab,
  metricOf,
  type MetricPoint,
  type Run,
} from "../experiments/mod.ts";
import { duration, shortened } from "../engine/host/mod.ts";

/** Longest table in one answer. */
export const MAX_ROWS = 20;
/** Parameters that a table has columns for; how the others differ is left to a closer look. */
const MAX_PARAMETERS = 8;
const MAX_LABEL = 60;
const MAX_ERROR = 500;

type Cell = string | number;

/**
 * Markdown tables of runs, one for each modality, with the parameters in which its runs differ, and
 * below them what does not fit a column: further parameters that differ, and why runs failed. Columns
 * without a value are left out.
 */
export function runTable(runs: readonly Run[]): string {
  const alike = Map.groupBy(runs, ({ config }) => config.modality);
  const [label, ...others] = new Set(runs.map((run) => run.label));
  return paragraphs([
    ...[...alike.values()].map(tableOfOneModality),
    label && others.length === 0 ? `Label of all: ${JSON.stringify(shortened(label, 200))}` : "",
    runs.flatMap(({ id, error }) =>
      error === null ? [] : [`${id} failed: ${shortenedError(error)}`]
    ).join("\n"),
  ]);
}

function tableOfOneModality(runs: readonly Run[]): string {
  // The runs of one sweep were queued at one moment.
  const mixed = runs.some((run) => run.sweepId === null || run.sweepId !== runs[0]!.sweepId);
  const differing = differingParameters(runs);
  const shown = [...new Set([...(mixed ? ["dataset"] : []), ...differing])].slice(
    0,
    MAX_PARAMETERS,
  );
  const metric = metricOf(runs[0]!).name;
  const columns: (readonly [string, (run: Run) => Cell])[] = [
    ["run", (run) => run.id],
    ...several("sweep", runs, (run) => run.sweepId ?? "-"),
    ...several("label", runs, (run) => run.label === null ? "-" : shortened(run.label, MAX_LABEL)),
    ...shown.map((field) => [field, (run: Run) => settingOf(run, field)] as const),
    ["status", statusOf],
    ["step", (run) => `${run.step}/${run.steps}`],
    ["loss", (run) => rounded(run.latest.loss) ?? "-"],
    [metric, (run) => rounded(run.latest[metric]) ?? "-"],
    ["time left", (run) => run.etaSeconds === null ? "-" : duration(run.etaSeconds)],
    ...(mixed
      ? several("started (UTC)", runs, (run) => timeOf(run.startedAt ?? run.createdAt))
      : []),
  ];
  const filled = columns.filter(([, cell]) => runs.some((run) => cell(run) !== "-"));
  return paragraphs([
    table(filled.map(([name]) => name), runs.map((run) => filled.map(([, cell]) => cell(run)))),
    alsoDiffering(differing.filter((field) => !shown.includes(field))),
  ]);
}

/** Joins the parts of a text that are not empty. */
export function paragraphs(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("\n\n");
}

/** On one line, so that nothing in it reads as a part of the answer. */
export function shortenedError(error: string): string {
  return shortened(error.replace(/\s+/g, " "), MAX_ERROR);
}

/** A column for what the runs do not all have alike. */
function several(
  name: string,
  runs: readonly Run[],
  cell: (run: Run) => string,
): (readonly [string, (run: Run) => string])[] {
  return new Set(runs.map(cell)).size > 1 ? [[name, cell]] : [];
}

/** Names parameters that differ without a column; "" for none. */
export function alsoDiffering(fields: readonly string[]): string {
  return fields.length === 0 ? "" : `They also differ in ${fields.join(", ")}.`;
}

/** "running (compiling)", "running (stopping)". */
export function statusOf({ status, activity, stopRequested }: Run): string {
  const doing = stopRequested ? "stopping" : activity;
  return doing === null ? status : `${status} (${doing})`;
}

/** What a table of runs says otherwise: an id says the modality, the column of steps the steps. */
const SAID_OTHERWISE: readonly string[] = ["modality", "steps"];

/** Fields in which the configurations of runs of one modality differ. */
function differingParameters(runs: readonly Run[]): string[] {
  return differingFields(runs.map(({ config }) => config))
    .filter((field) => !SAID_OTHERWISE.includes(field));
}

function settingOf({ config }: Run, field: string): Cell {
  return (config as Readonly<Record<string, Cell>>)[field] ?? "-";
}

/** A metric's value with its name: "denoising_mse 0.13"; "" where there is none. */
export function named(name: string, value: number | null | undefined): string {
  const shown = rounded(value);
  return shown === null ? "" : `${name} ${shown}`;
}

export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]) =>
    `| ${cells.map((cell) => String(cell).replace(/[|\r\n]+/g, " ")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Five significant digits are more than any of our numbers is known to. */
export function rounded(value: number | null | undefined): number | null {
  return value === null || value === undefined || !Number.isFinite(value)
    ? null
    : Number(value.toPrecision(5));
}

/** A setting with its name: "eta 0.5", "guidance_interval -5 to 2". */
export function settingText(name: string, value: unknown): string {
  return `${name} ${String(value).replaceAll(",", " to ")}`;
}

/** Continues a list with those of the named settings that are there: ", eta 0.5, spacing karras". */
export function andSettings(
  names: readonly string[],
  settings: Readonly<Record<string, unknown>>,
): string {
  return names.filter((name) => settings[name] !== undefined)
    .map((name) => `, ${settingText(name, settings[name])}`).join("");
}

/** "98.3 %"; "-" for what is not known. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? "-" : `${(100 * share).toFixed(1)} %`;
}

/** "2026-11-27 12:10" of a time in ISO 8601; in UTC, as it is stored. */
export function timeOf(iso: string): string {
  return iso.slice(0, 16).replace("T", " ");
}

/** "12 more: offset=20", or "" at the end of a list. */
export function moreRows(shown: number, offset: number, total: number): string {
  const left = total - offset - shown;
  return left > 0 ? `${left} more: offset=${offset + shown}` : "";
}

/**
 * A sentence where the weights of `step` were used because a newer checkpoint is damaged, with a
 * space before it; nothing otherwise.
 */
export function damageNote(lab: Lab, runId: string, step: number): string {
  const { checkpointStep } = lab.run(runId);
  if (checkpointStep === null || step >= checkpointStep) return "";
  const [newest] = lab.inspect(runId).alerts.filter(({ code }) => code === "checkpoint-damaged");
  return newest ? ` ${newest.message}.` : "";
}

export interface Column {
  readonly title: string;
  /** In the order of their steps. */
  readonly points: readonly MetricPoint[];
}

/**
 * Curves beside each other in at most `limit` (2 or more) rows; "" where nothing is recorded. Every
 * value is one that was recorded, the newest since the row above.
 */
export function curveTable(columns: readonly Column[], limit: number): string {
  const steps = rowSteps(columns.map(({ points }) => points.map(({ step }) => step)), limit);
  if (steps.length === 0) return "";
  return table(
    ["step", ...columns.map(({ title }) => title)],
    steps.map((step, i) => [
      step,
      ...columns.map(({ points }) => {
        const after = steps[i - 1] ?? -Infinity;
        const newest = points.findLast((point) => point.step > after && point.step <= step);
        return rounded(newest?.value) ?? "-";
      }),
    ]),
  );
}

/** Runs' values at common steps, as the comparison aligned them, in at most `limit` rows. */
export function alignedTable(
  { steps, series }: AlignedCurve,
  runs: readonly string[],
  limit: number,
): string {
  const shown = runs.flatMap((id) => series.find(({ runId }) => runId === id) ?? []);
  return table(
    ["step", ...shown.map(({ runId }) => runId)],
    spread(steps.length, limit).map((index) => [
      steps[index]!,
      ...shown.map(({ values }) => rounded(values[index]) ?? "-"),
    ]),
  );
}

/**
 * Steps of the curve with the fewest points that still fills half of the rows (else of the one with
 * the most), so that curves recorded at different intervals meet in most rows; and the last of all.
 */
function rowSteps(curves: readonly (readonly number[])[], limit: number): number[] {
  const byLength = curves.toSorted((a, b) => a.length - b.length);
  const base = byLength.find((steps) => steps.length >= limit / 2) ?? byLength.at(-1) ?? [];
  const last = Math.max(...curves.map((steps) => steps.at(-1) ?? -Infinity));
  const ends = base.at(-1) === last;
  const chosen = spread(base.length, ends ? limit : limit - 1).map((index) => base[index]!);
  return ends || last === -Infinity ? chosen : [...chosen, last];
}

/** At most `limit` of the indices below `length`, evenly spread, both ends among them. */
export function spread(length: number, limit: number): number[] {
  if (length <= limit) return Array.from({ length }, (_, i) => i);
  if (limit === 1) return [length - 1];
  return Array.from({ length: limit }, (_, i) => Math.round(i * (length - 1) / (limit - 1)));
}
