/** Curves as Markdown tables: a row for each step, a column for each curve. */
import type { AlignedCurve, MetricPoint } from "../experiments/mod.ts";
import { rounded, table } from "./rows.ts";

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
function spread(length: number, limit: number): number[] {
  if (length <= limit) return Array.from({ length }, (_, i) => i);
  if (limit === 1) return [length - 1];
  return Array.from({ length: limit }, (_, i) => Math.round(i * (length - 1) / (limit - 1)));
}
