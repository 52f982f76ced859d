/** Runs as rows: for tables in texts, and as structured output. */
import { z } from "zod";
import { type Run, RUN_STATUSES, yardstickOf } from "../experiments/mod.ts";
import type { Links } from "./links.ts";

/** Longest table in one answer. */
export const MAX_ROWS = 20;

export const RunRow = z.object({
  run: z.string().describe("Run id"),
  status: z.enum(RUN_STATUSES),
  activity: z.string().nullable().describe("What its worker is doing now"),
  step: z.number().describe("Steps done"),
  steps: z.number().describe("Steps to do"),
  loss: z.number().nullable().describe("Newest training loss, in the run's own objective"),
  denoising_mse: z.number().nullable().describe("Lower is better; comparable between runs"),
  nats_per_character: z.number().nullable().describe("The same for runs on text"),
  eta_seconds: z.number().nullable(),
  label: z.string().nullable(),
  sweep: z.string().nullable(),
  error: z.string().nullable(),
  viewer_url: z.string().nullable(),
});
export type RunRow = z.infer<typeof RunRow>;

export function runRow(run: Run, links: Links): RunRow {
  return {
    run: run.id,
    status: run.status,
    activity: run.stopRequested ? "stopping" : run.activity,
    step: run.step,
    steps: run.steps,
    loss: rounded(run.latest.loss),
    denoising_mse: rounded(run.latest.denoising_mse),
    nats_per_character: rounded(run.latest.nats_per_character),
    eta_seconds: run.etaSeconds === null ? null : Math.round(run.etaSeconds),
    label: run.label,
    sweep: run.sweepId,
    error: run.error === null ? null : run.error.slice(0, 500),
    viewer_url: links.run(run.id),
  };
}

/** A Markdown table of runs, with the parameters in which they differ. */
export function runTable(runs: readonly Run[]): string {
  const differing = differingParameters(runs);
  const metrics = [...new Set(runs.map((run) => yardstickOf(run).metric))];
  return table(
    ["run", ...differing, "status", "step", "loss", ...metrics, "eta"],
    runs.map((run) => [
      run.id,
      ...differing.map((field) => settingOf(run, field)),
      run.activity === null ? run.status : `${run.status} (${run.activity})`,
      `${run.step}/${run.steps}`,
      rounded(run.latest.loss) ?? "-",
      ...metrics.map((name) => rounded(run.latest[name]) ?? "-"),
      run.etaSeconds === null ? "-" : duration(run.etaSeconds),
    ]),
  );
}

/** Fields in which the configurations are not all the same. */
export function differingParameters(runs: readonly Run[]): string[] {
  const fields = new Set(runs.flatMap(({ config }) => Object.keys(config)));
  return [...fields].filter((field) => new Set(runs.map((run) => settingOf(run, field))).size > 1);
}

function settingOf({ config }: Run, field: string): string | number {
  return (config as Readonly<Record<string, string | number>>)[field] ?? "-";
}

export function table(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replace(/[|\n]/g, " ")).join(" | ")} |`;
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

/** "12 more: offset=20", or null at the end of a list. */
export function moreRows(shown: number, offset: number, total: number): string | null {
  const left = total - offset - shown;
  return left > 0 ? `${left} more: offset=${offset + shown}` : null;
}

/** "one run", "4 runs". */
export function counted(count: number, noun: string): string {
  return count === 1 ? `one ${noun}` : `${count} ${noun}s`;
}

export function isOver(run: Run): boolean {
  return run.status !== "queued" && run.status !== "running";
}
