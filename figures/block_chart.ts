import { blockCurve, type Run } from "../experiments/mod.ts";
import { lineChart, type Series } from "./line_chart.tsx";
import type { Theme } from "./theme.ts";

/** Nats per character over the size of blocks, a curve or a point for each run on text. */
export function blockChart(
  runs: readonly Run[],
  options: { readonly theme?: Theme; readonly colors?: ReadonlyMap<string, number> } = {},
): string {
  const series = runs.map((run): Series => ({
    name: run.id,
    points: blockCurve(run).map(({ blockSize, nats }) => ({ x: blockSize, y: nats })),
    dots: true,
    color: options.colors?.get(run.id) ?? 0,
  }));
  return lineChart({
    title: "Nats per character by size of blocks",
    subtitle:
      "tokens (by default characters) written at once: 1 is left to right, exact; more is a bound",
    xLabel: "tokens in a block",
    xScale: "log",
    series,
    labels: series.length > 1,
    emptyText: "Nothing was validated yet",
    ...(options.theme ? { theme: options.theme } : {}),
  });
}
