import { z } from "zod";
import { UserError } from "../engine/host/mod.ts";
import {
  type AlignedCurve,
  blockCurve,
  type Comparison,
  METRIC_NAMES,
  type Run,
  RUN_STATUSES,
} from "../experiments/mod.ts";
import { BriefEvaluation, briefEvaluation, evaluationTable } from "./evaluation_rows.ts";
import { BaselineRow, baselineRow, baselineTable } from "./text_evaluation_rows.ts";
import { defineTool, structured } from "./define.ts";
import { integer, pointers, runReference, tableLimit, tableOffset } from "./fields.ts";
import { moreRows, rounded, table } from "./rows.ts";

const Parameters = z.record(z.string(), z.union([z.string(), z.number()]));

export const compareRunsTool = defineTool({
  name: "compare-runs",
  title: "Compare runs",
  description:
    "Ranks runs by denoising_mse, or nats_per_character for text (lower is better, comparable between " +
    "configurations), shows " +
    "only the parameters in which they differ, gives mean and standard deviation over seeds for " +
    "each configuration, says whether the best one's lead exceeds the seed noise, and aligns their " +
    "curves on common steps.",
  input: z.strictObject({
    runs: z.array(runReference).min(2).max(100).optional().describe(
      'Ids (or unique beginnings, "latest", "best") of 2 to 100 runs; give this or sweep',
    ),
    sweep: z.string().min(1).max(60).optional().describe(
      "All runs of a sweep, e.g. sweep-0003; give this or runs",
    ),
    metrics: z.array(z.enum(METRIC_NAMES)).max(3).optional().describe(
      "Curves to align, 0 to 3 (default what the runs are ranked by)",
    ),
    points: integer(2, 50).default(12).describe("Points of each curve, 2 to 50 (default 12)"),
    limit: tableLimit,
    offset: tableOffset,
  }),
  output: z.object({
    ...pointers,
    verdict: z.string().describe("Whether the best configuration's lead exceeds seed noise"),
    cautions: z.array(z.string()).describe("What makes these runs less than comparable"),
    differing: z.array(z.string()).describe("Parameters in which the runs differ"),
    metric: z.string().describe("What the runs are ranked by"),
    leaderboard: z.array(z.object({
      rank: z.number(),
      run: z.string(),
      status: z.enum(RUN_STATUSES),
      step: z.number(),
      score: z.number().nullable().describe("Value of metric"),
      validation_loss: z.number().nullable(),
      parameters: Parameters,
      label: z.string().nullable(),
    })).describe("Best first"),
    groups: z.array(z.object({
      parameters: Parameters,
      runs: z.array(z.string()),
      n: z.number(),
      mean: z.number().nullable(),
      sd: z.number().nullable(),
    })).describe("metric of runs that differ only in their seed; best first"),
    evaluations: z.array(BriefEvaluation).describe("The newest one of each run that has any"),
    trivial_mse: z.number().nullable().describe(
      "metric of a trivial model: each pixel by itself, or a bigram model",
    ),
    baselines: BaselineRow.nullable().describe("Nats per character of n-gram models, for text"),
    block_curves: z.array(z.object({
      run: z.string(),
      nats: z.array(z.object({
        block_size: z.number(),
        nats: z.number(),
        standard_error: z.number().nullable(),
      })),
    })).describe("Nats per character by tokens written at once, for text"),
    curves: z.array(z.object({
      metric: z.string(),
      steps: z.array(z.number()),
      values: z.record(z.string(), z.array(z.number().nullable())),
    })).describe("Values of the runs in the leaderboard at common steps"),
    total: z.number(),
    more: z.string().nullable(),
  }),
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  // deno-lint-ignore require-await -- the other tools wait for something
  async run({ runs, sweep, metrics, points, limit, offset }, { lab, links }) {
    if ((runs === undefined) === (sweep === undefined)) {
      throw new UserError(
        'Give either runs, e.g. ["image-0001", "image-0002"], or sweep, e.g. "sweep-0001", and not both',
      );
    }
    const ids = runs ??
      lab.runs({ sweepId: sweep!, limit: 100 }).runs.map((run) => run.id);
    if (ids.length < 2) {
      throw new UserError(
        `The sweep ${sweep} has one run, but a comparison needs 2: give runs instead`,
      );
    }
    const comparison = lab.compare(ids);
    const rows = comparison.leaderboard.slice(offset, offset + limit);
    const shown = new Set(rows.map((row) => row.runId));
    const evaluations = comparison.evaluations.filter(({ runId }) => shown.has(runId));
    const total = comparison.leaderboard.length;
    const best = rows[0] ?? comparison.leaderboard[0]!;
    const output = {
      summary: comparison.verdict,
      next: [
        `sample {"run": "${best.runId}"} to see the best one's pictures`,
        'write-journal {"title": ..., "hypothesis": ..., "runs": [...]} to keep the finding',
      ],
      viewer_url: links.compare(comparison.leaderboard.map((row) => row.runId)),
      verdict: comparison.verdict,
      cautions: [...comparison.cautions],
      differing: [...comparison.differing],
      metric: comparison.yardstick.metric,
      leaderboard: rows.map((row) => ({
        rank: row.rank,
        run: row.runId,
        status: row.status,
        step: row.step,
        score: rounded(row.score),
        validation_loss: rounded(row.validationLoss),
        parameters: row.parameters,
        label: row.label,
      })),
      groups: comparison.groups.slice(0, 20).map((group) => ({
        parameters: group.parameters,
        runs: [...group.runIds],
        n: group.n,
        mean: rounded(group.mean),
        sd: rounded(group.sd),
      })),
      evaluations: evaluations.map(briefEvaluation),
      block_curves: blockCurves(rows.map((row) => lab.run(row.runId))),
      trivial_mse: rounded(comparison.trivialMse),
      baselines: baselineRow(comparison.baselines),
      curves: comparison.curves.filter((curve) =>
        (metrics ?? [comparison.yardstick.metric]).includes(curve.name)
      )
        .map((curve) => thinned(curve, shown, points)),
      total,
      more: moreRows(rows.length, offset, total),
    };
    return structured(
      output,
      leaderboardTable(comparison, rows),
      groupTable(comparison),
      blockTable(output.block_curves),
      baselineTable(comparison.baselines),
      evaluationTable(evaluations),
      output.more ?? "",
      comparison.cautions.join("\n"),
    );
  },
});

/** Runs by rank, with only the parameters in which they differ. */
export function leaderboardTable(comparison: Comparison, rows: Comparison["leaderboard"]): string {
  return table(
    ["rank", "run", ...comparison.differing, "status", "step", comparison.yardstick.metric],
    rows.map((row) => [
      row.rank,
      row.runId,
      ...comparison.differing.map((name) => row.parameters[name] ?? "-"),
      row.status,
      row.step,
      rounded(row.score) ?? "-",
    ]),
  );
}

/** Mean and standard deviation over seeds; empty where nothing was repeated. */
export function groupTable({ groups, yardstick }: Comparison): string {
  if (groups.length < 2 || groups.every((group) => group.n < 2)) return "";
  const names = [...new Set(groups.flatMap((group) => Object.keys(group.parameters)))];
  return table(
    [...names, "seeds", `mean ${yardstick.metric}`, "sd"],
    groups.slice(0, 20).map((group) => [
      ...names.map((name) => group.parameters[name] ?? "-"),
      group.n,
      rounded(group.mean) ?? "-",
      rounded(group.sd) ?? "-",
    ]),
  );
}

interface BlockCurve {
  readonly run: string;
  readonly nats: {
    readonly block_size: number;
    readonly nats: number;
    readonly standard_error: number | null;
  }[];
}

function blockCurves(runs: readonly Run[]): BlockCurve[] {
  return runs.flatMap((run) => {
    const nats = blockCurve(run).map(({ blockSize, nats, standardError }) => ({
      block_size: blockSize,
      nats: rounded(nats)!,
      standard_error: rounded(standardError),
    }));
    return nats.length > 0 ? [{ run: run.id, nats }] : [];
  });
}

/** Nats per character by block size, a column for each size; empty without runs on text. */
function blockTable(curves: readonly BlockCurve[]): string {
  if (curves.length === 0) return "";
  const sizes = [...new Set(curves.flatMap(({ nats }) => nats.map((point) => point.block_size)))]
    .sort((a, b) => a - b);
  return table(
    ["nats per character in blocks of", ...sizes.map(String)],
    curves.map(({ run, nats }) => [
      run,
      ...sizes.map((size) => {
        const point = nats.find(({ block_size }) => block_size === size);
        if (!point) return "-";
        return point.standard_error === null
          ? point.nats
          : `${point.nats} ± ${rounded(point.standard_error)}`;
      }),
    ]),
  );
}

/** At most `points` of a curve's steps, evenly spread with both ends, for the runs shown. */
function thinned(curve: AlignedCurve, shown: ReadonlySet<string>, points: number) {
  const last = curve.steps.length - 1;
  const count = Math.min(points, last + 1);
  const indices = Array.from(
    { length: count },
    (_, i) => Math.round(count === 1 ? last : i * last / (count - 1)),
  );
  return {
    metric: curve.name,
    steps: indices.map((index) => curve.steps[index]!),
    values: Object.fromEntries(
      curve.series.filter((series) => shown.has(series.runId)).map((series) => [
        series.runId,
        indices.map((index) => rounded(series.values[index])),
      ]),
    ),
  };
}
