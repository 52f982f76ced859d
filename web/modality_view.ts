/** What the pages show of runs in ways that depend on their modality. */
import type { staticUrl } from "./static_files.ts";
import type { Child } from "hono/jsx";
import type { Curves, Evaluation, Run, RunReport, TextSample } from "../experiments/mod.ts";
import type { RunCharts } from "./run_charts.ts";

/** A page's note on a number: its name, its value, and what it means. */
export interface FactText {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}

/** What an assistant can be asked, and the call that answers it. */
export interface Suggestion {
  readonly say: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What the pages show of a run in a way of its own, depending on its modality. */
export interface ModalityView {
  /** Name of the client script of a run's page. */
  readonly script: Parameters<typeof staticUrl>[0];
  /** The kind of network, in a word. */
  network(run: Run): string;
  /** What the training loss is of, in a few words. */
  objective(run: Run): string;
  /** The metric that ranks runs, beside its baseline. */
  score(report: RunReport): FactText;
  /** A call of `sample` that shows something. */
  sampling(run: Run): Suggestion;
  /** What to ask where nothing was evaluated yet. */
  readonly evaluating: { readonly missing: string; ask(run: Run): string };
  charts(run: Run, curves: Curves): RunCharts;
  /** A chart of several runs that only this modality has. */
  comparisonCharts(runs: readonly Run[], colors: ReadonlyMap<string, number>): string[];
  samples(report: RunReport, texts: readonly TextSample[]): Child;
  /** @param named Whether each row says which run it is of. */
  evaluations(evaluations: readonly Evaluation[], named: boolean): Child;
}
