/** Commands that train runs, draw samples from them, and evaluate them. */
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { duration, UserError } from "../../engine/host/mod.ts";
import {
  expectedTime,
  hasEnded,
  type JobRequest,
  type Lab,
  modalityOf,
  requests,
  type Run,
  type SampleRequest,
  type WriteRequest,
} from "../../experiments/mod.ts";
import { damageNote, paragraphs, runTable } from "../rows.ts";
import { estimateText, startedRuns } from "../train.ts";
import { heldOutNote } from "../picture_view.ts";
import { viewOf } from "../run_report.ts";
import { type CommandResult, resultCommand } from "./command.ts";
import { withProgressBar } from "./terminal.ts";

const { overrides, grid, seeds, ...others } = requests.train.shape;

/** Trains a run or a sweep and waits for it; interrupting ends the waiting, not the training. */
export const trainCommand = resultCommand({
  fields: {
    overrides: overrides.describe("A field that differs from the preset, e.g. steps=500"),
    grid: grid.describe(
      "Makes a sweep: values of a field, e.g. schedule=linear,cosine; every combination is run",
    ),
    seeds: seeds.describe("Runs every combination once for each seed, e.g. 0,1,2 (default 0)"),
    ...others,
    detach: z.boolean().default(false).describe("Does not wait for the end"),
  },
  names: { overrides: "set" },
  async run(lab, { detach, dry_run, ...request }) {
    if (dry_run) {
      const { summary, body } = estimateText(lab, request);
      return { result: lab.estimate(request), text: paragraphs([summary, ...body]) };
    }
    if (request.resume === undefined) announce(expectedTime(lab.estimate(request)));
    const { runs: started } = await startedRuns(lab, request);
    const result = detach ? started : await watchToTheEnd(lab, started.map(({ id }) => id));
    const failed = result.filter(({ error }) => error !== null);
    return {
      result,
      text: runTable(result),
      errors: failed.map(({ id, error }) => `${id} failed: ${error}`),
      exitCode: result.some(({ status }) => status === "failed") ? 1 : 0,
    };
  },
});

/** Trainings of more seconds are announced with the time they take. */
const LONG = 1800;

function announce({ seconds, by }: ReturnType<typeof expectedTime>): void {
  if (seconds <= LONG) return;
  console.error(
    `About ${
      duration(seconds)
    } of training (by the speed of ${by}); a GPU is faster, where there is one`,
  );
}

/** Shows a progress bar until all runs have ended. */
export async function watchToTheEnd(lab: Lab, ids: readonly string[]): Promise<readonly Run[]> {
  return await withProgressBar(async (onProgress) => {
    for (;;) {
      const runs = await lab.watch(ids, { timeoutSeconds: 3600, everySeconds: 1, onProgress });
      if (runs.every(hasEnded)) return runs;
    }
  });
}

/** The run that is meant: the newest if none is named. */
const latestRun = requests.sample.shape.run.default("latest").describe(
  `${requests.sample.shape.run.description} (default latest)`,
);

/** Measures the pictures or the texts of a run. */
export const evaluateCommand = resultCommand({
  fields: { ...requests.evaluate.shape, run: latestRun },
  argument: "run",
  async run(lab, request) {
    const result = await withProgressBar((onProgress) => lab.evaluate(request, { onProgress }));
    const view = viewOf(result.modality);
    const summary = view.evaluationSummary(result) + damageNote(lab, result.runId, result.step);
    return { result, text: paragraphs([...view.evaluationTables(result), summary]) };
  },
});

/** Replaces the two characters \n, as typed in a shell, by a line break. */
const withLineBreaks = (text: string | undefined) => text?.replaceAll("\\n", "\n");

/** Draws pictures from a run and writes the PNG; a run on text writes to the terminal. */
export const sampleCommand = resultCommand({
  fields: {
    ...requests.sample.shape,
    run: latestRun,
    out: z.string().min(1).optional().describe(
      "File that the picture is written to (default one beside the run), or the text (default the terminal)",
    ),
  },
  argument: "run",
  async run(lab, { out, prompt, template, ...others }) {
    if (out !== undefined) requireFolderOf(out);
    const request = {
      ...others,
      prompt: withLineBreaks(prompt),
      template: withLineBreaks(template),
    };
    const { presentation } = modalityOf(lab.trainedRun(request.run));
    return await makers[presentation](lab, request, out && resolve(out));
  },
});

/** For each presentation: makes the sample and writes it to the file, if one is named. */
const makers = { pictures: drawPicture, texts: writeTexts, tables: makeRecord } as const;

async function drawPicture(lab: Lab, request: SampleRequest, out?: string): Promise<CommandResult> {
  const sample = await withProgressBar((onProgress) => lab.sample(request, { onProgress }));
  const { samplePng } = await import("../../figures/mod.ts");
  const { path, png } = await samplePng(lab, sample.id);
  if (out !== undefined) await Deno.writeFile(out, png);
  const picture = out ?? path;
  return {
    result: { ...sample, picture },
    text: `${sample.id}: ${picture}${damageNote(lab, sample.runId, sample.step)}` +
      heldOutNote(lab, sample),
  };
}

async function writeTexts(lab: Lab, request: WriteRequest, file?: string): Promise<CommandResult> {
  const sample = await withProgressBar((onProgress) => lab.write(request, { onProgress }));
  const text = sample.texts.map((text, i) => `--- ${sample.id}, ${i + 1} ---\n${text}`).join("\n");
  if (file === undefined) return { result: sample, text };
  await Deno.writeTextFile(file, `${text}\n`);
  return { result: { ...sample, file }, text: `${sample.id}: ${file}` };
}

async function makeRecord(lab: Lab, request: JobRequest, file?: string): Promise<CommandResult> {
  const { id } = lab.startJob("sample", request);
  const job = await withProgressBar((onProgress) =>
    lab.watchJob(id, { onProgress, timeoutSeconds: Infinity })
  );
  const result = lab.textById(lab.jobResult(job));
  const text = JSON.stringify(result, null, 2);
  if (file === undefined) return { result, text };
  await Deno.writeTextFile(file, `${text}\n`);
  return { result, text: `${result.id}: ${file}` };
}

/** @throws {UserError} If the folder of a file to be written does not exist. */
function requireFolderOf(file: string): void {
  const folder = dirname(resolve(file));
  try {
    if (Deno.statSync(folder).isDirectory) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new UserError(`--out is ${file}, but there is no folder ${folder}: create it first`);
}
