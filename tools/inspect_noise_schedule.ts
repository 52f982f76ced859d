import type { z } from "zod";
import { jsonSchemaOf } from "../engine/host/mod.ts";
import { modalityOf, presets, requests, type ScheduleFacts } from "../experiments/mod.ts";
import { defineTool, READING } from "./define.ts";
import { detail } from "./fields.ts";
import { rounded, table } from "./rows.ts";
import { answer, picture } from "./answer.ts";

/** More than these make a picture too tall to read. */
const MAX_SCHEDULES = 4;
const few = requests.schedules.shape.schedules.unwrap().max(MAX_SCHEDULES);
const schedules = few.default(requests.schedules.parse({}).schedules)
  .describe(`${requests.schedules.shape.schedules.description}, at most ${MAX_SCHEDULES}`);

export const inspectNoiseScheduleTool = defineTool({
  name: "inspect-noise-schedule",
  title: "See what a noise schedule does",
  description: "Shows what noise schedules do to a picture and a line of text, before training: " +
    "log-SNR at both ends, how much signal is left at t = 1 and whether that matters, at which times " +
    "information is lost, and a picture of curves and forward process.",
  input: requests.schedules.extend({ schedules, detail }),
  annotations: READING,
  async run({ schedules, dataset, digit_index, times, detail }, { lab, links, progress }) {
    progress.report({ done: 0, total: 2, message: "computing the schedules" });
    const names = [...new Set(schedules)];
    const report = await lab.inspectSchedules(names, {
      dataset,
      index: digit_index,
      times,
    });
    progress.report({ done: 1, total: 2, message: "drawing" });
    const { pngForModel, scheduleFigure, svgToPng } = await import("../figures/mod.ts");
    const png = await pngForModel(await svgToPng(await scheduleFigure(report)), detail);
    const { digit } = report;
    return answer(
      {
        summary: `${report.summary}.`,
        next: trials(names),
        viewerUrl: links.schedules(names),
      },
      [
        factsTable(report.schedules),
        report.schedules.map((s) => `${s.name} (${s.terminal.level}): ${s.terminal.text}.`)
          .join("\n"),
        ...report.schedules.map(verseTable),
        `The text is ${JSON.stringify(report.verse.line)}, in ${report.verse.embeddings}. The ` +
        `picture is a ${digit.label} (${digit.dataset}, test image ${digit.index}; mean variance ` +
        `of a pixel ${rounded(report.dataVariance)}).`,
      ],
      [picture(png)],
    );
  },
});

/** Presets that show in minutes what a schedule means for learning. */
const TRIALS = [
  { preset: "demo", takes: "digits, two" },
  { preset: "demo-verse", takes: "verse, three" },
] as const;

/** A call of `train` with the schedules, of the first preset that takes all of them. */
function trials(schedules: readonly string[]): string[] {
  const known = TRIALS.map(({ preset, takes }) => {
    const { shape } = modalityOf(presets[preset]).config;
    const options = jsonSchemaOf(shape.schedule as z.ZodType).enum ?? [];
    return { preset, takes, chosen: schedules.filter((name) => options.includes(name)) };
  });
  const { preset, takes, chosen } = known.find((one) => one.chosen.length === schedules.length) ??
    known.at(-1)!;
  if (chosen.length === 0) return [];
  return [
    `train {"preset": "${preset}", "grid": {"schedule": ${JSON.stringify(chosen)}}, "seeds": ` +
    `[0, 1]} to see what it means for learning (${takes} minutes a run on two cores)`,
  ];
}

/** The line at each time, as its noisy characters by themselves tell it. */
function verseTable({ name, forward, verse }: ScheduleFacts): string {
  const sure = (confidence: readonly number[]) =>
    Math.round(100 * confidence.reduce((sum, share) => sum + share, 0) / confidence.length);
  const lines = forward.map(({ point, verse: { text, confidence } }) =>
    `t=${Number(point.t.toFixed(3))}, ${sure(confidence)} %: ${text}`
  );
  const { nearlyClean, informative, nearlyNoise } = verse.shares;
  const shares = [nearlyClean, informative, nearlyNoise].map((share) => Math.round(share * 100));
  return `${name} on text: ${
    shares.join(" / ")
  } % of the times nearly clean / informative / nearly ` +
    `noise; ${Number(verse.priorNats.toPrecision(2))} nats of each character are left at t=1. ` +
    `Time, mean probability of the likeliest characters, and these characters:\n${
      lines.join("\n")
    }`;
}

/** Signal and noise at the ends and in between; SNR = exp(-gamma). */
function factsTable(schedules: readonly ScheduleFacts[]): string {
  const rows = schedules.map((s) => [
    s.name,
    rounded(-s.start.gamma) ?? "-",
    rounded(-s.end.gamma) ?? "-",
    rounded(s.leftoverSignal) ?? "-",
    rounded(s.halfInformation.t) ?? "-",
    [s.shares.nearlyClean, s.shares.informative, s.shares.nearlyNoise]
      .map((share) => `${Math.round(share * 100)} %`).join(" / "),
  ]);
  const header = [
    "schedule",
    "log-SNR at t=0",
    "log-SNR at t=1",
    "signal left at t=1",
    "half of the pixels' variance hidden at t",
    "share of times nearly clean / informative / nearly noise",
  ];
  return table(header, rows);
}
