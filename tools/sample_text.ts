/** The answer of `sample` for a run on text. */
import type { CallToolResult } from "@modelcontextprotocol/server";
import type {
  Lab,
  TextComparison,
  TextSample,
  TextSampleFrame,
  WriteRequest,
} from "../experiments/mod.ts";
import { textStatisticNotes } from "../experiments/mod.ts";
import { damageNote } from "./damage_note.ts";
import { answer, type Call } from "./define.ts";
import { counted, MAX_ROWS, rounded, table } from "./rows.ts";
import { shortened } from "./text.ts";
import { asJson, sampleUri } from "./uris.ts";

/** Characters of a film's line that are shown. */
const FILM_WIDTH = 100;
/** Characters of all texts together that are shown. */
const MAX_CHARACTERS = 24_000;

export async function sampleText(
  request: WriteRequest,
  { lab, links, progress, signal }: Call,
): Promise<CallToolResult> {
  progress.report(0, 1, "starting to write");
  const sample = await lab.write(request, {
    signal,
    onProgress: ({ done, total, message }) => progress.report(done, total, message),
  });
  const uri = sampleUri(sample.id);
  const share = Math.floor(MAX_CHARACTERS / sample.texts.length);
  const whole = `\n... (cut here; whole in ${uri})`;
  return answer(
    {
      summary: summaryOf(sample) + damageNote(lab, sample.runId, sample.step),
      next: [
        "judge the words by what the run needs: nats_per_character in inspect-run",
        "sample again with the same seed from another run, or with another mode or temperature",
      ],
      viewerUrl: links.run(sample.runId),
    },
    [
      sample.texts.map((text, i) => `--- ${i + 1} ---\n${shortened(text, share, whole)}`).join(
        "\n",
      ),
      film(sample),
      statisticsTable(sample),
      `Sample: ${sample.id}, resource ${uri}, all of it as JSON: ${asJson(uri)}`,
    ],
  );
}

function summaryOf({ settings, ...sample }: TextSample): string {
  const how = settings.mode === "autoregressive"
    ? "left to right"
    : `${settings.sampler}, ${settings.steps} steps` +
      (["blocks", "guided", "revised"].includes(settings.mode)
        ? ` for every block of ${settings.block_size}`
        : "");
  return `${
    counted(settings.count, "text")
  } from ${sample.runId} at training step ${sample.step} ` +
    `(${settings.mode}: ${how}, temperature ${settings.temperature}, seed ${settings.seed}), ` +
    `${counted(sample.networkEvaluations, "network evaluation")} each, in ` +
    `${sample.seconds.toFixed(1)} s on ${sample.device}.`;
}

/** What was written beside real text and a 5-gram model's samples of the same lengths. */
function statisticsTable({ statistics }: TextSample): string {
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
  const shown = Array.from(
    { length: Math.min(frames.length, MAX_ROWS) },
    (_, i, last = Math.min(frames.length, MAX_ROWS) - 1) =>
      frames[last === 0 ? 0 : Math.round(i * (frames.length - 1) / last)]!,
  );
  const note = shown.length < frames.length
    ? ` (${shown.length} of ${frames.length} moments; all in ${asJson(sampleUri(id))})`
    : "";
  return [`--- text 1 on its way${note} ---`, ...shown.map(filmLine)].join("\n");
}

function filmLine({ gamma, masked, start, texts, confidence }: TextSampleFrame): string {
  const shares = confidence[0]!;
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const line = shortened(texts[0]!.replaceAll("\n", "⏎"), FILM_WIDTH);
  const level = gamma === null
    ? `masked ${(100 * masked!).toFixed(0).padStart(3)} %`
    : `-log SNR ${gamma.toFixed(1).padStart(5)}`;
  return `${level}, from ${start}, sure ${(100 * mean).toFixed(0).padStart(3)} %: ${line}`;
}

/** Whether a reference means a run on text. */
export function isText(lab: Lab, ref: string): boolean {
  return lab.run(ref).config.modality === "text";
}
