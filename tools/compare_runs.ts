import type { z } from "zod";
import { counted, RefusedValue, shortened, UserError } from "../engine/host/mod.ts";
import {
  blockCurve,
  type Comparison,
  hasEnded,
  type Lab,
  type MetricName,
  requests,
  type Run,
} from "../experiments/mod.ts";
import {
  alignedTable,
  alsoDiffering,
  curveTable,
  MAX_ROWS,
  moreRows,
  paragraphs,
  rounded,
  table,
} from "./rows.ts";
import { publications } from "./arguments.ts";
import { defineTool, READING } from "./define.ts";
import { call, comparisonUri, sampleCall, waitCalls } from "./links.ts";
import { evaluationTable } from "./run_report.ts";
import { baselineTable } from "./text_view.ts";
import { answer } from "./answer.ts";

// They only shorten tables.
publications.add(requests.compare, { rare: ["points", "limit"] });

export const compareRunsTool = defineTool({
  name: "compare-runs",
  title: "Compare runs",
  description:
    "Ranks the runs of a sweep, or runs by name, and says whether the best configuration leads by more " +
    "than the noise between seeds. For this each needs two seeds or more. The ranking metric is the " +
    "held-out denoising_mse of images or nats_per_character of text; lower is better, and unlike " +
    "losses they compare between configurations. Names runs that are no better than a trivial model. " +
    "Shows differing parameters, mean and standard deviation over seeds, and curves.",
  input: requests.compare,
  annotations: READING,
  // deno-lint-ignore require-await -- the other tools wait for something
  async run({ runs, sweep, metrics, points, limit, offset }, { lab, links }) {
    const comparison = lab.compare(comparedRuns(lab, { runs, sweep }));
    const { length } = comparison.leaderboard;
    if (offset >= length) {
      throw new UserError(
        `offset is ${offset}, but ${length} runs are compared: use an offset from 0 to ${
          length - 1
        }`,
      );
    }
    const rows = comparison.leaderboard.slice(offset, offset + limit);
    const shown = rows.map((row) => row.runId);
    const compared = sweep === undefined ? comparison.leaderboard.map((row) => row.runId) : [sweep];
    const metricNames = metrics ?? [comparison.metric.name];
    return answer(
      {
        summary: `${comparison.verdict}.`,
        next: nextSteps(lab, comparison, sweep),
        viewerUrl: links.compare(compared),
        rest: comparisonUri(compared),
      },
      [
        comparison.cautions.map((caution) => `Caution: ${caution}`).join("\n"),
        leaderboardTable(comparison, rows),
        moreRows(rows.length, offset, length),
        groupTable(comparison),
        trivialNote(comparison),
        blockTable(rows.map((row) => lab.run(row.runId))),
        baselineTable(comparison.baselines),
        evaluationTable(comparison.evaluations.filter(({ runId }) => shown.includes(runId))),
        ...metricNames.map((metric) => curvesOf(lab, comparison, metric, shown, points)),
        `All of it as JSON: ${comparisonUri(compared)}`,
      ],
    );
  },
});

function nextSteps(
  lab: Lab,
  { leaderboard, nothingLearnt }: Comparison,
  sweep: string | undefined,
): string[] {
  const [best, ...others] = leaderboard.map(({ runId }) => lab.run(runId)) as [Run, ...Run[]];
  const waiting = [best, ...others].filter((run) => !hasEnded(run));
  const which = sweep === undefined ? { run: waiting[0]?.id ?? best.id } : { sweep };
  return [
    ...waitCalls(waiting, which),
    ...(nothingLearnt.includes(best.id)
      ? [`${call("inspect-run", { run: best.id })} for what keeps it from learning`]
      : best.checkpointStep === null
      ? []
      : [sampleCall(best)]),
  ];
}

/** Returns the runs to compare. @throws {RefusedValue} If they are not two or more. */
export function comparedRuns(
  lab: Lab,
  { runs, sweep }: Pick<z.output<typeof requests.compare>, "runs" | "sweep">,
): readonly string[] {
  if (sweep === undefined && runs !== undefined) return runs;
  if (sweep === undefined || runs !== undefined) {
    throw new RefusedValue((name) =>
      `Give either ${name("runs")} (ids such as image-0001 and image-0002) or ${name("sweep")} ` +
      "(such as sweep-0001), and not both"
    );
  }
  const ids = lab.runs({ sweepId: sweep, limit: 100 }).runs.map((run) => run.id);
  if (ids.length >= 2) return ids;
  throw new RefusedValue((name) =>
    `The sweep ${sweep} has one run, but a comparison needs 2: give ${name("runs")} instead`
  );
}

/** Parameters that the tables have columns for. */
const MAX_PARAMETERS = 10;

/** Runs by rank, with only the parameters in which they differ. */
export function leaderboardTable(comparison: Comparison, rows: Comparison["leaderboard"]): string {
  const { differing, metric } = comparison;
  const parameters = differing.slice(0, MAX_PARAMETERS);
  const labels = new Set(comparison.leaderboard.map((row) => row.label));
  const validated = rows.some((row) => row.validationLoss !== null);
  const text = table(
    [
      "rank",
      "run",
      ...parameters,
      ...(labels.size > 1 ? ["label"] : []),
      "status",
      "step",
      metric.name,
      ...(validated ? ["validation_loss"] : []),
    ],
    rows.map((row) => [
      row.rank,
      row.runId,
      ...parameters.map((name) => row.parameters[name] ?? "-"),
      ...(labels.size > 1 ? [row.label === null ? "-" : shortened(row.label, 60)] : []),
      row.status,
      row.step,
      rounded(row.score) ?? "-",
      ...(validated ? [rounded(row.validationLoss) ?? "-"] : []),
    ]),
  );
  return paragraphs([text, alsoDiffering(differing.slice(MAX_PARAMETERS))]);
}

/** Mean and standard deviation over seeds; empty where nothing was repeated. */
export function groupTable({ groups, metric }: Comparison): string {
  if (groups.length < 2 || groups.every((group) => group.n < 2)) return "";
  const names = [...new Set(groups.flatMap((group) => Object.keys(group.parameters)))];
  const shown = names.slice(0, MAX_PARAMETERS);
  const text = table(
    [...shown, "seeds", `mean ${metric.name}`, "sd"],
    groups.slice(0, MAX_ROWS).map((group) => [
      ...shown.map((name) => group.parameters[name] ?? "-"),
      group.n,
      rounded(group.mean) ?? "-",
      rounded(group.sd) ?? "-",
    ]),
  );
  const left = groups.length - MAX_ROWS;
  return left > 0 ? `${text}\n\n${counted(left, "further configuration")} ranked below` : text;
}

/** Nats per character by block size, a column for each size; empty without runs on text. */
function blockTable(runs: readonly Run[]): string {
  const curves = runs.map((run) => ({ run: run.id, curve: blockCurve(run) }))
    .filter(({ curve }) => curve.length > 0);
  if (curves.length === 0) return "";
  const sizes = [...new Set(curves.flatMap(({ curve }) => curve.map((point) => point.blockSize)))]
    .sort((a, b) => a - b);
  return table(
    ["nats per character in blocks of", ...sizes.map(String)],
    curves.map(({ run, curve }) => [
      run,
      ...sizes.map((size) => {
        const point = curve.find(({ blockSize }) => blockSize === size);
        const [nats, error] = [rounded(point?.nats), rounded(point?.standardError)];
        if (nats === null) return "-";
        return error === null ? nats : `${nats} ± ${Number(error.toPrecision(2))}`;
      }),
    ]),
  );
}

/** A metric of the runs in the table over common steps. */
function curvesOf(
  lab: Lab,
  comparison: Comparison,
  metric: MetricName,
  runs: readonly string[],
  limit: number,
): string {
  const aligned = comparison.curves.find((curve) => curve.name === metric);
  const columns = runs.map((id) => ({
    title: id,
    points: aligned ? [] : lab.metrics(id, { names: [metric], maxPoints: 1000 })[metric] ?? [],
  }));
  const text = aligned ? alignedTable(aligned, runs, limit) : curveTable(columns, limit);
  return text === "" ? `${metric}: not recorded by these runs.` : `${metric}:\n\n${text}`;
}

/** The baseline of a trivial model, unless the verdict or a table of baselines contains it. */
function trivialNote({ baseline, baselines, nothingLearnt, metric }: Comparison): string {
  return baseline === null || baselines !== null || nothingLearnt.length > 0
    ? ""
    : `For comparison, ${metric.baseline}: ${metric.name} ${rounded(baseline)}.`;
}
