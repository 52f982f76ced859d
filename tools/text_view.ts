/** The tools' presentation of runs whose samples are texts. */
import type { CallToolResult } from "@modelcontextprotocol/server";
import {
  isBlockwise,
  type NgramBaselines,
  type Run,
  textConfigOf,
  type TextEvaluation,
  type TextSample,
  type TextSampleFrame,
} from "../experiments/mod.ts";
import { type TextComparison, textStatisticNotes } from "../models/text/mod.ts";
import type { ModalityView } from "./table_view.ts";
import { asJson, evaluateCalls, type Fields, repeated, sampleCall, sampleUri } from "./links.ts";
import { andSettings, damageNote, MAX_ROWS, percent, rounded, spread, table } from "./rows.ts";
import type { Call } from "./define.ts";
import { capital, counted, shortened } from "../engine/host/mod.ts";
import { answer } from "./answer.ts";

export const textView: ModalityView = {
  sampled: textAnswer,
  samples: (lab, runId) => lab.texts(runId),
  sampleLine: ({ id, settings: { count }, step }: TextSample) => ({
    id,
    kind: counted(count, "text"),
    step,
  }),
  evaluationTable,
  evaluationTables,
  evaluationSummary,
};

/** Characters of a film's line that are shown. */
const FILM_WIDTH = 100;

// deno-lint-ignore require-await -- those of other modalities wait for pictures
async function textAnswer(
  id: string,
  { lab, links }: Pick<Call, "lab" | "links">,
): Promise<CallToolResult> {
  const sample = lab.textById(id);
  const run = lab.run(sample.runId);
  const again = repeated(run, sample);
  const uri = sampleUri(sample.id);
  return answer(
    {
      summary: summaryOf(sample, again) + otherBlocksNote(run, sample) +
        damageNote(lab, run.id, sample.step),
      next: [otherTemperature(run, sample, again), ...evaluateCalls(lab, run)],
      viewerUrl: links.run(sample.runId),
      rest: uri,
    },
    [
      ...sample.texts.map((text, i) => `--- ${i + 1} ---\n${text}`),
      film(sample),
      statisticsTable(sample),
      "Judge the run by its nats per character, not by the words of a few texts.",
      `Sample: ${sample.id}, resource ${uri}, all of it as JSON: ${asJson(uri)}`,
    ],
  );
}

/** That a text was written in blocks of a size that its network was not trained for; "" otherwise. */
function otherBlocksNote(run: Run, { settings: { mode, block_size: chosen } }: TextSample): string {
  const { method, block_size: trained, context } = textConfigOf(run);
  if (method !== "blocks" || trained <= 1 || mode === "autoregressive") return "";
  const size = isBlockwise(mode) ? chosen : context;
  return size === trained
    ? ""
    : ` The network was trained in blocks of ${trained} only, and this is in blocks of ${size}.`;
}

/** The same sample at a clearly lower temperature, or at a higher one where it was low. */
function otherTemperature(run: Run, sample: TextSample, again: Fields): string {
  const [temperature, purpose] = sample.settings.temperature > 0.55
    ? [0.4, "see fewer unlikely characters"]
    : [0.9, "see more variety"];
  return sampleCall(run, { ...again, temperature }, purpose, sample.seconds);
}

/** Options of generation; a summary says those that differ from their default. */
const OPTIONS = ["diffusion_weight", "revise_share", "rounds", "top_p"] as const;

function summaryOf(sample: TextSample, again: Fields): string {
  const { settings } = sample;
  const how = settings.mode === "autoregressive"
    ? "left to right"
    : `${settings.sampler}, ${settings.steps} steps` +
      (isBlockwise(settings.mode) ? ` for every block of ${settings.block_size}` : "");
  return `${
    capital(counted(settings.count, "text"))
  } from ${sample.runId} at training step ${sample.step} ` +
    `(${settings.mode}: ${how}${
      andSettings(OPTIONS, again)
    }, temperature ${settings.temperature}, seed ` +
    `${settings.seed}), ` +
    `${counted(sample.networkEvaluations, "network evaluation")} each, in ` +
    `${sample.seconds.toFixed(1)} s on ${sample.device}.`;
}

/** A table of the written texts beside real text and samples of a 5-gram model, of the same lengths. */
function statisticsTable({ statistics }: TextSample): string {
  if (statistics === null) {
    return "Not measured beside real text: the text that the run learnt from is not on this machine. " +
      "evaluate downloads it.";
  }
  const columns = [
    ["written", statistics.samples],
    ...(statistics.validation ? [["held-out text", statistics.validation]] : []),
    ["5-gram samples", statistics.ngrams],
  ] as [string, TextComparison["samples"]][];
  const rows = Object.entries(textStatisticNotes).map(([name, { title, unit }]) => [
    `${title} (${unit})`,
    ...columns.map(([, of]) => of[name as keyof typeof textStatisticNotes])
      .map((value) => value === null ? "-" : rounded(value) ?? "-"),
  ]);
  return `${table(["measure", ...columns.map(([title]) => title)], rows)}\nLongest copy: ${
    shortened(JSON.stringify(statistics.samples.longestCopyText), 300)
  }`;
}

/** The likeliest characters of the first text at the kept levels, with their mean probability. */
function film({ id, frames }: TextSample): string {
  if (frames.length === 0) return "";
  const shown = spread(frames.length, MAX_ROWS).map((index) => frames[index]!);
  const note = shown.length < frames.length
    ? `, ${shown.length} of ${frames.length} steps (all in ${asJson(sampleUri(id))})`
    : "";
  return [
    `--- text 1 while it was written${note}: noise level, first character of the block, mean ` +
    "probability of the likeliest characters, and these characters ---",
    ...shown.map(filmLine),
  ].join("\n");
}

function filmLine({ gamma, masked, start, texts, confidence }: TextSampleFrame): string {
  const shares = confidence[0]!;
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const line = shortened(texts[0]!.replaceAll("\n", "⏎"), FILM_WIDTH);
  const level = gamma === null
    ? `masked ${(100 * masked!).toFixed(0).padStart(3)} %`
    : `-log SNR ${gamma.toFixed(1).padStart(5)}`;
  return `${level}, ${start}, ${(100 * mean).toFixed(0).padStart(3)} %: ${line}`;
}

/** A row for each number about the texts, the run's own reading of them first where it has one. */
function statisticsRows({ results: { texts } }: TextEvaluation): (string | number)[][] {
  const { written, real, ngrams, ownNats } = texts;
  const row = (
    name: string,
    value: number | null,
    held: { readonly mean: number; readonly sd: number } | null | undefined,
    fiveGram: number | null,
  ) => [name, rounded(value) ?? "-", withError(held?.mean, held?.sd), rounded(fiveGram) ?? "-"];
  const own = "Surprisal under its own reading (nats per character)";
  return [
    ...(ownNats ? [row(own, ownNats.written, ownNats.real, null)] : []),
    ...Object.entries(textStatisticNotes).map(([key, { title, unit }]) => {
      const name = key as keyof typeof textStatisticNotes;
      return row(`${title} (${unit})`, written[name], real?.[name], ngrams[name]);
    }),
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
  const { mode, block_size, sampler, steps, temperature, top_p, seed } = writing;
  const blocks = isBlockwise(mode) ? ` of ${block_size}` : "";
  const steppedBy = mode === "autoregressive" ? "" : `, ${sampler} ${steps} steps`;
  const weight = mode === "guided" ? `, diffusion_weight ${writing.diffusion_weight}` : "";
  const revised = mode === "revised"
    ? `, revise_share ${writing.revise_share}, ${counted(writing.rounds, "round")}`
    : "";
  return `${mode}${blocks}${steppedBy}${weight}${revised}, temperature ${temperature}` +
    (top_p === 1 ? "" : `, top_p ${top_p}`) + (seed === 0 ? "" : `, seed ${seed}`);
}

/** "2.313 ± 0.0121". */
function withError(mean: number | null | undefined, error: number | null | undefined): string {
  return mean === null || mean === undefined
    ? "-"
    : `${Number(mean.toPrecision(4))} ± ${Number((error ?? 0).toPrecision(2))}`;
}

/** A Markdown table of evaluations, "" for none. */
function evaluationTable(evaluations: readonly TextEvaluation[]): string {
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
          return withError(bound?.total, bound?.standardError);
        }),
        writingOf(evaluation),
        evaluation.networkEvaluations,
        Number(evaluation.samplingSeconds.toPrecision(2)),
        beside("ngramNats"),
        beside("knownWords"),
      ];
    }),
  );
}

/** A Markdown table of what needs no network, "" where it is not known. */
export function baselineTable(baselines: NgramBaselines | null): string {
  if (baselines === null) return "";
  const { uniform, ngrams } = baselines;
  return table(
    ["baseline", "uniform", ...ngrams.map((_, i) => `${i + 1}-gram`)],
    [["nats per character", ...[uniform, ...ngrams].map((nats) => rounded(nats)!)]],
  );
}

/** The bounds, the baselines, and the texts beside real ones. */
function evaluationTables(evaluation: TextEvaluation): string[] {
  const { bounds, baselines } = evaluation.results;
  return [
    table(
      ["blocks of", "steps of ddpm", "nats per character", "reconstruction", "diffusion", "prior"],
      bounds.map((bound) => [
        bound.blockSize === 1 ? "1 (exact)" : bound.blockSize,
        bound.steps ?? (bound.blockSize === 1 ? "-" : "∞"),
        withError(bound.total, bound.standardError),
        ...(bound.blockSize === 1
          ? ["-", "-", "-"]
          : [bound.reconstruction, bound.diffusion, bound.prior].map((v) => rounded(v) ?? "-")),
      ]),
    ),
    baselineTable(baselines),
    table(["texts", "written", "held-out text", "5-gram samples"], statisticsRows(evaluation)),
    `Longest copy: ${
      shortened(JSON.stringify(evaluation.results.texts.written.longestCopyText), 300)
    }. ` +
    `Measured in ${evaluation.measuringSeconds.toFixed(1)} s on ${evaluation.device}, seed ` +
    `${evaluation.settings.writing.seed}, code ${evaluation.codeVersion}.`,
  ];
}

/** The results of an evaluation in a few sentences. */
function evaluationSummary(evaluation: TextEvaluation): string {
  const { runId, step, settings: { draws }, results } = evaluation;
  const { bounds, baselines, texts } = results;
  const nats = bounds.filter(({ steps }) => steps === null).map((bound) =>
    `${withError(bound.total, bound.standardError)} ${
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
    `real text has ${
      withError(texts.real?.ngramNats?.mean, texts.real?.ngramNats?.sd)
    }; known words ` +
    `${percent(texts.written.knownWords)} (real text ${percent(texts.real?.knownWords?.mean)}).`;
}
