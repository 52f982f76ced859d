/** How good the pretrained models are: each measured with several settings of its sampler, beside real
 * digits, real text and n-grams; which settings are best; and whether the marks are met. */
import type { Evaluation, Lab, Run, StudyRecord } from "../../experiments/mod.ts";
import { table } from "../rows.ts";
import { withProgressBar } from "./terminal.ts";
import { type Candidate, type Measures, measuresOf } from "./study_measures.ts";

/** The settings of every kind that samples are made with. */
export type Chosen = Readonly<Partial<Record<Candidate["kind"], Candidate>>>;

/** A candidate as it was measured. */
interface Measured extends Candidate {
  readonly evaluation: Evaluation;
}

/** The report on one model. */
export interface ModelReport {
  /** Markdown. */
  readonly text: string;
  /** The best settings of every kind. */
  readonly best: Chosen;
}

/** The first candidate of each kind, where nothing is measured. */
export function firstCandidates(run: Run): Chosen {
  const first: Partial<Record<Candidate["kind"], Candidate>> = {};
  for (const candidate of measuresOf(run).candidates) first[candidate.kind] ??= candidate;
  return first;
}

/**
 * Measures a pretrained model with every candidate that was not measured at its weights before, and
 * reports.
 *
 * @param options.again Measures those that were, too.
 * @param options.measure False reports on what was measured before.
 */
export async function reportOnModel(
  lab: Lab,
  id: string,
  { again = false, measure = true }: {
    readonly again?: boolean;
    readonly measure?: boolean;
  } = {},
): Promise<ModelReport> {
  const run = lab.run(id);
  const measures = measuresOf(run);
  const measured: Measured[] = [];
  for (const candidate of measures.candidates) {
    const known = again ? undefined : measuredBefore(lab, run, candidate.settings);
    const evaluation = known ?? (measure ? await evaluateWith(lab, id, candidate.settings) : null);
    if (evaluation) measured.push({ ...candidate, evaluation });
  }
  if (measured.length === 0) return { text: `${run.id} was not measured yet.`, best: {} };
  const kinds = Map.groupBy(measured, ({ kind }) => kind);
  const best = [...kinds.values()].map((of) => bestOf(of, measures));
  const text = [
    `${run.id}, ${run.parameterCount?.toLocaleString("en")} parameters, training step ` +
    `${run.step.toLocaleString("en")} of ${run.steps.toLocaleString("en")}:`,
    measures.table(measured.map((one) => [
      `${measures.name(one.evaluation)}${best.includes(one) ? " *" : ""}`,
      one.evaluation,
    ])),
    best.flatMap(({ kind, evaluation }) => measures.marked(kind, evaluation)).map(
      ({ title, value, mark, atMost = false, shown }) => {
        const met = atMost ? value <= mark : value >= mark;
        return `- ${title}: ${shown(value)}, the mark is ${atMost ? "≤" : "≥"} ${shown(mark)}: ` +
          (met ? "met" : "missed");
      },
    ).join("\n"),
  ].join("\n\n");
  return { text, best: Object.fromEntries(best.map((one) => [one.kind, one])) };
}

/** Evaluates a run, with a bar. */
export async function evaluateWith(
  lab: Lab,
  run: string,
  settings: Candidate["settings"],
): Promise<Evaluation> {
  const request = { run, ...settings };
  return await withProgressBar((onProgress) => lab.evaluate(request, { onProgress }));
}

/** The newest evaluation of these weights with these settings. */
export function measuredBefore(
  lab: Lab,
  run: Run,
  settings: Candidate["settings"],
): Evaluation | undefined {
  return lab.evaluations(run.id).findLast((evaluation) => {
    const { writing } = evaluation.settings as { readonly writing?: object };
    const said: Readonly<Record<string, unknown>> = { ...evaluation.settings, ...writing };
    return evaluation.step === run.step &&
      Object.entries(settings).every(([name, value]) => includesAll(said[name], value));
  });
}

/** Whether a setting is what was requested; more steps may have been measured than were. */
function includesAll(said: unknown, requested: unknown): boolean {
  return Array.isArray(requested) && Array.isArray(said)
    ? requested.every((value) => said.includes(value))
    : said === requested;
}

/** The one that misses its marks by the smallest share, and of those the one with the most merit. */
function bestOf(measured: readonly Measured[], measures: Measures): Measured {
  const shortfall = ({ kind, evaluation }: Measured) =>
    measures.marked(kind, evaluation).reduce(
      (sum, { value, mark, atMost }) =>
        sum + Math.max(0, atMost ? value / mark - 1 : 1 - value / mark),
      0,
    );
  return measured.toSorted((a, b) =>
    shortfall(a) - shortfall(b) || measures.merit(b.evaluation) - measures.merit(a.evaluation)
  )[0]!;
}

/** The effect of rounding the weights to half precision, at the best settings of each kind. */
export function roundingTable({ run, evaluations, unrounded }: StudyRecord): string {
  const { numbers } = measuresOf(run);
  const rows = unrounded.flatMap((full) => {
    const same = JSON.stringify(full.settings);
    const half = evaluations.find(({ settings }) => JSON.stringify(settings) === same);
    if (!half) return [];
    const before = numbers(full);
    return Object.entries(numbers(half)).map(([name, value]) => [
      name,
      Number(before[name]!.toPrecision(6)),
      Number(value.toPrecision(6)),
      Number((value - before[name]!).toPrecision(3)),
    ]);
  });
  return rows.length === 0
    ? "What rounding the weights to half precision cost was not measured."
    : table(["weights rounded to half precision", "before", "after", "difference"], rows);
}
