/** Tables in Markdown, runs as their rows, and the words and numbers in them. */
import { type Run, yardstickOf } from "../experiments/mod.ts";
import { shortened } from "./text.ts";

/** Longest table in one answer. */
export const MAX_ROWS = 20;
/** Parameters that a table has columns for; how the others differ is left to a closer look. */
const MAX_PARAMETERS = 8;
const MAX_LABEL = 60;
const MAX_ERROR = 500;

type Cell = string | number;

/**
 * A Markdown table of runs with the parameters in which they differ, and below it what does not fit a
 * column: further parameters that differ, and why runs failed. Columns without a value are left out.
 */
export function runTable(runs: readonly Run[]): string {
  const differing = differingParameters(runs);
  const shown = differing.slice(0, MAX_PARAMETERS);
  const metrics = [...new Set(runs.map((run) => yardstickOf(run).metric))];
  // The runs of one sweep were queued at one moment.
  const mixed = runs.some((run) => run.sweepId === null || run.sweepId !== runs[0]!.sweepId);
  const columns: (readonly [string, (run: Run) => Cell])[] = [
    ["run", (run) => run.id],
    ...several("sweep", runs, (run) => run.sweepId ?? "-"),
    ...several("label", runs, (run) => run.label === null ? "-" : shortened(run.label, MAX_LABEL)),
    ...shown.map((field) => [field, (run: Run) => settingOf(run, field)] as const),
    ["status", statusOf],
    ["step", (run) => `${run.step}/${run.steps}`],
    ["loss", (run) => rounded(run.latest.loss) ?? "-"],
    ...metrics.map((name) => [name, (run: Run) => rounded(run.latest[name]) ?? "-"] as const),
    ["time left", (run) => run.etaSeconds === null ? "-" : duration(run.etaSeconds)],
    ...(mixed
      ? several("started (UTC)", runs, (run) => timeOf(run.startedAt ?? run.createdAt))
      : []),
  ];
  const filled = columns.filter(([, cell]) => runs.some((run) => cell(run) !== "-"));
  const [label, ...others] = new Set(runs.map((run) => run.label));
  return [
    table(filled.map(([name]) => name), runs.map((run) => filled.map(([, cell]) => cell(run)))),
    alsoDiffering(differing.slice(MAX_PARAMETERS)),
    label && others.length === 0 ? `Label of all: ${JSON.stringify(shortened(label, 200))}` : "",
    runs.flatMap(({ id, error }) =>
      error === null ? [] : [`${id} failed: ${shortenedError(error)}`]
    )
      .join("\n"),
  ].filter((part) => part !== "").join("\n\n");
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

/** Fields that a table of runs says by other columns: an id says the modality, the step the steps. */
const SAID_OTHERWISE: readonly string[] = ["modality", "steps"];

/**
 * Fields in which configurations differ; between runs of several modalities only those that runs of
 * the same one differ in, or all have.
 */
export function differingParameters(runs: readonly Run[]): string[] {
  const fields = [...new Set(runs.flatMap(({ config }) => Object.keys(config)))];
  const values = (field: string) =>
    new Set(runs.filter(({ config }) => field in config).map((run) => settingOf(run, field)));
  return fields.filter((field) => !SAID_OTHERWISE.includes(field) && values(field).size > 1);
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

/** "45 s", "3 min", "2 h 05 min". */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
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

/** "one run", "4 runs". */
export function counted(count: number, noun: string): string {
  return count === 1 ? `one ${noun}` : `${count} ${noun}s`;
}

export function isOver(run: Run): boolean {
  return run.status !== "queued" && run.status !== "running";
}
