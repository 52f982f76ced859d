/** Evaluations of runs on text as rows: for tables in texts, and as structured output. */
import { z } from "zod";
import { type TextBaselines, type TextEvaluation, textStatisticNotes } from "../experiments/mod.ts";
import { rounded, table } from "./rows.ts";

export const BaselineRow = z.object({
  uniform: z.number(),
  ngrams: z.array(z.number()).describe("1-gram to 6-gram"),
});

/** Nats per character of what needs no network. */
export function baselineRow(baselines: TextBaselines | null): z.infer<typeof BaselineRow> | null {
  if (baselines === null) return null;
  return { uniform: short(baselines.uniform), ngrams: baselines.ngrams.map(short) };
}

export const TextEvaluationRow = z.object({
  modality: z.literal("text"),
  id: z.string(),
  run: z.string(),
  step: z.number(),
  writing: z.string(),
  nats: z.record(z.string(), z.number()).describe("Per character of held-out text by block size"),
  bounds: z.array(z.object({
    block_size: z.number(),
    steps: z.number().nullable().describe("Of the sampler; null: infinitely many"),
    nats: z.number(),
    standard_error: z.number(),
    reconstruction: z.number(),
    diffusion: z.number(),
    prior: z.number(),
  })),
  draws: z.number(),
  baselines: BaselineRow,
  statistics: z.record(z.string(), z.record(z.string(), z.number().nullable())).describe(
    "written; real and real_sd: over sets of held-out text; five_gram: that model's samples",
  ),
  longest_copy: z.string(),
  network_evaluations: z.number(),
  sampling_seconds: z.number(),
  measuring_seconds: z.number(),
  device: z.string(),
  code_version: z.string(),
});
export type TextEvaluationRow = z.infer<typeof TextEvaluationRow>;

export function textEvaluationRow(evaluation: TextEvaluation): TextEvaluationRow {
  const { settings: { draws, writing }, results } = evaluation;
  const { bounds, baselines, texts } = results;
  return {
    modality: "text",
    id: evaluation.id,
    run: evaluation.runId,
    step: evaluation.step,
    writing: `${textsOf(evaluation)}, ${writingOf(evaluation)}, seed ${writing.seed}`,
    nats: Object.fromEntries(
      bounds.filter(({ steps }) => steps === null)
        .map(({ blockSize, total }) => [blockSize, short(total)]),
    ),
    bounds: bounds.map((bound) => ({
      block_size: bound.blockSize,
      steps: bound.steps,
      nats: short(bound.total),
      standard_error: short(bound.standardError),
      reconstruction: short(bound.reconstruction),
      diffusion: short(bound.diffusion),
      prior: short(bound.prior),
    })),
    draws,
    baselines: baselineRow(baselines)!,
    statistics: Object.fromEntries(
      statisticsOf(evaluation).map(({ name, written, real, fiveGram }) => [name, {
        written: rounded(written),
        real: rounded(real?.mean),
        real_sd: rounded(real?.sd),
        five_gram: rounded(fiveGram),
      }]),
    ),
    longest_copy: texts.written.longestCopyText,
    network_evaluations: evaluation.networkEvaluations,
    sampling_seconds: short(evaluation.samplingSeconds),
    measuring_seconds: short(evaluation.measuringSeconds),
    device: evaluation.device,
    code_version: evaluation.codeVersion,
  };
}

/** What is shown of an evaluation among others. */
export const BriefTextEvaluation = TextEvaluationRow.pick({ nats: true }).partial();

/** Of a number that is one: what is not finite is refused before it is kept. */
const short = (value: number): number => rounded(value) ?? NaN;

/** The numbers about the texts, the run's own reading of them first where it has one. */
function statisticsOf({ results: { texts } }: TextEvaluation) {
  const own = texts.ownNats && {
    name: "ownNats",
    title: "Surprisal under its own reading",
    unit: "nats per character",
    written: texts.ownNats.written,
    real: texts.ownNats.real,
    fiveGram: null,
  };
  const names = Object.keys(textStatisticNotes) as (keyof typeof textStatisticNotes)[];
  return [
    ...(own ? [own] : []),
    ...names.map((name) => ({
      name,
      title: textStatisticNotes[name].title,
      unit: textStatisticNotes[name].unit,
      written: texts.written[name],
      real: texts.real?.[name] ?? null,
      fiveGram: texts.ngrams[name],
    })),
  ];
}

/** "32 texts of 128 characters"; of tokens, where these were more than one. */
function textsOf({ settings: { writing }, results: { texts } }: TextEvaluation): string {
  const { count, length } = writing;
  const unit = texts.written.characters > count * length ? "tokens" : "characters";
  return `${count} texts of ${length} ${unit}`;
}

/** "blocks of 16, ddpm 64 steps, temperature 0.9, top_p 0.95". */
function writingOf({ settings: { writing } }: TextEvaluation): string {
  const { mode, block_size, sampler, steps, temperature, top_p } = writing;
  const blocks = ["blocks", "guided", "revised"].includes(mode) ? ` of ${block_size}` : "";
  const walk = mode === "autoregressive" ? "" : `, ${sampler} ${steps} steps`;
  return `${mode}${blocks}${walk}, temperature ${temperature}` +
    (top_p === 1 ? "" : `, top_p ${top_p}`);
}

/** "2.313 ± 0.0121". */
function give(mean: number | null | undefined, error: number | null | undefined): string {
  return mean === null || mean === undefined
    ? "-"
    : `${Number(mean.toPrecision(4))} ± ${Number((error ?? 0).toPrecision(2))}`;
}

/** A Markdown table of evaluations, "" for none. */
export function textEvaluationTable(evaluations: readonly TextEvaluation[]): string {
  if (evaluations.length === 0) return "";
  const sizes = [
    ...new Set(evaluations.flatMap(({ results }) => results.bounds.map((b) => b.blockSize))),
  ].sort((a, b) => a - b);
  return table(
    [
      "evaluation",
      "step",
      ...sizes.map((size) => size === 1 ? "nats left to right" : `in blocks of ${size}`),
      "writing",
      "NFE",
      "seconds",
      "5-gram nats (real)",
      "known words (real)",
    ],
    evaluations.map((evaluation) => {
      const { bounds, texts } = evaluation.results;
      const beside = (name: "ngramNats" | "knownWords") =>
        `${rounded(texts.written[name]) ?? "-"} (${rounded(texts.real?.[name]?.mean) ?? "-"})`;
      return [
        evaluation.id,
        evaluation.step,
        ...sizes.map((size) => {
          const bound = bounds.find(({ blockSize, steps }) => blockSize === size && steps === null);
          return give(bound?.total, bound?.standardError);
        }),
        writingOf(evaluation),
        evaluation.networkEvaluations,
        Math.round(evaluation.samplingSeconds),
        beside("ngramNats"),
        beside("knownWords"),
      ];
    }),
  );
}

/** A Markdown table of what needs no network, "" where it is not known. */
export function baselineTable(baselines: TextBaselines | null): string {
  if (baselines === null) return "";
  const { uniform, ngrams } = baselines;
  return table(
    ["without a network", "uniform", ...ngrams.map((_, i) => `${i + 1}-gram`)],
    [["nats per character", ...[uniform, ...ngrams].map((nats) => rounded(nats)!)]],
  );
}

/** The bounds, the baselines, and the texts beside real ones. */
export function textEvaluationTables(evaluation: TextEvaluation): string[] {
  const { bounds, baselines } = evaluation.results;
  return [
    table(
      ["blocks of", "steps of ddpm", "nats per character", "reconstruction", "diffusion", "prior"],
      bounds.map((bound) => [
        bound.blockSize === 1 ? "1 (exact)" : bound.blockSize,
        bound.steps ?? (bound.blockSize === 1 ? "-" : "∞"),
        give(bound.total, bound.standardError),
        ...(bound.blockSize === 1
          ? ["-", "-", "-"]
          : [bound.reconstruction, bound.diffusion, bound.prior].map((v) => rounded(v) ?? "-")),
      ]),
    ),
    baselineTable(baselines),
    table(
      ["texts", "written", "held-out text", "5-gram samples"],
      statisticsOf(evaluation).map(({ title, unit, written, real, fiveGram }) => [
        `${title} (${unit})`,
        rounded(written) ?? "-",
        give(real?.mean, real?.sd),
        rounded(fiveGram) ?? "-",
      ]),
    ),
  ];
}

/** What an evaluation found, in a few sentences. */
export function textEvaluationSummary(evaluation: TextEvaluation): string {
  const { runId, step, settings: { draws }, results } = evaluation;
  const { bounds, baselines, texts } = results;
  const nats = bounds.filter(({ steps }) => steps === null).map((bound) =>
    `${give(bound.total, bound.standardError)} ${
      bound.blockSize === 1 ? "left to right" : `in blocks of ${bound.blockSize}`
    }`
  );
  const best = Math.min(...baselines.ngrams);
  const seconds = evaluation.samplingSeconds.toFixed(1);
  return `${runId} at training step ${step} needs ${nats.join(", ")} (nats per character of ` +
    `held-out text, ${draws} draws of 32 windows; a bigram model needs ` +
    `${baselines.ngrams[1]!.toPrecision(4)}, the best n-gram model ${best.toPrecision(4)}). ` +
    `${textsOf(evaluation)} (${writingOf(evaluation)}, ` +
    `${evaluation.networkEvaluations} network evaluations each, ${seconds} s): ` +
    `${texts.written.ngramNats.toPrecision(3)} nats per character under a 5-gram model, where ` +
    `real text has ${give(texts.real?.ngramNats?.mean, texts.real?.ngramNats?.sd)}; known words ` +
    `${percent(texts.written.knownWords)} (real text ${percent(texts.real?.knownWords?.mean)}).`;
}

function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? "-" : `${(100 * share).toFixed(1)} %`;
}
