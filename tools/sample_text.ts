/** The answer of `sample` for a run on text. */
import type { CallToolResult } from "@modelcontextprotocol/server";
import type { Lab, TextComparison, TextSample, WriteRequest } from "../experiments/mod.ts";
import { textStatisticNotes } from "../experiments/mod.ts";
import { damageNote } from "./damage_note.ts";
import { type Call, readable } from "./define.ts";
import { counted, rounded, table } from "./rows.ts";

/** Characters of a film's line that are shown. */
const FILM_WIDTH = 100;

export async function sampleText(
  request: WriteRequest,
  { lab, links, progress, signal }: Call,
): Promise<CallToolResult> {
  progress.report(0, 1, "starting to write");
  const sample = await lab.write(request, {
    signal,
    onProgress: ({ done, total, message }) => progress.report(done, total, message),
  });
  const parts = [
    ...sample.texts.map((text, i) => `--- ${i + 1} ---\n${text}`),
    ...(sample.frames.length > 0 ? ["--- text 1 on its way ---", ...film(sample)] : []),
  ];
  const text = readable({
    summary: `${summaryOf(sample)}${damageNote(lab, sample.runId, sample.step)}\n\n${
      parts.join("\n")
    }\n\n${statisticsTable(sample)}`,
    next: [
      "judge the words by what the run needs: nats_per_character in inspect-run",
      "sample again with the same seed from another run, or with another mode or temperature",
    ],
    viewer_url: links.run(sample.runId),
  });
  return { content: [{ type: "text", text }] };
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
    JSON.stringify(statistics.samples.longestCopyText)
  }`;
}

/** The likeliest characters of the first text at each kept level, with their mean probability. */
function film({ frames }: TextSample): string[] {
  return frames.map(({ gamma, masked, start, texts, confidence }) => {
    const shares = confidence[0]!;
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const line = texts[0]!.replaceAll("\n", "⏎").slice(0, FILM_WIDTH);
    const level = gamma === null
      ? `masked ${(100 * masked!).toFixed(0).padStart(3)} %`
      : `-log SNR ${gamma.toFixed(1).padStart(5)}`;
    return `${level}, from ${start}, sure ${(100 * mean).toFixed(0).padStart(3)} %: ${line}`;
  });
}

/** Whether a reference means a run on text. */
export function isText(lab: Lab, ref: string): boolean {
  return lab.run(ref).config.modality === "text";
}
