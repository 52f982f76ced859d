/** Draws pictures from a run and writes the PNG; a run on text writes to the terminal. */
import { dirname, resolve } from "node:path";
import { z } from "zod";
import {
  AnySampleRequest,
  type JobRequest,
  type Lab,
  modalityOf,
  type SampleRequest,
  type WriteRequest,
} from "../../experiments/mod.ts";
import { UserError } from "../../engine/host/mod.ts";
import { damageNote } from "../rows.ts";
import { commonOptions, defineCommand, labOf } from "./command.ts";
import { withProgressBar } from "./progress_bar.ts";

/** The run that is meant: the newest if none is named. */
export const latestRun = AnySampleRequest.shape.run.default("latest").describe(
  `${AnySampleRequest.shape.run.description} (default latest)`,
);

/** Breaks of lines as they are typed. */
const typed = (text: string | undefined) => text?.replaceAll("\\n", "\n");

export const command = defineCommand({
  schema: z.strictObject({
    ...AnySampleRequest.shape,
    run: latestRun,
    out: z.string().min(1).optional().describe(
      "File that the picture is written to (default one beside the run), or the text (default the terminal)",
    ),
    ...commonOptions,
  }),
  argument: "run",
  async run({ workspace, data, device, json, out, prompt, template, ...others }) {
    if (out !== undefined) requireFolderOf(out);
    const request = { ...others, prompt: typed(prompt), template: typed(template) };
    const lab = labOf({ workspace, data, device });
    const { presentation } = modalityOf(lab.trainedRun(request.run));
    const lines = await makers[presentation](lab, request, { out, json });
    console.log(lines);
    lab.close();
    return 0;
  },
});

interface Output {
  /** File that the picture or the text is to be written to. */
  readonly out?: string | undefined;
  readonly json: boolean;
}

/** For each presentation: makes the sample, and answers with what is printed. */
const makers = { pictures: drawPicture, texts: writeTexts, tables: makeRecord } as const;

async function drawPicture(
  lab: Lab,
  request: SampleRequest,
  { out, json }: Output,
): Promise<string> {
  const sample = await withProgressBar((onProgress) => lab.sample(request, { onProgress }));
  const { samplePng } = await import("../../figures/mod.ts");
  const { path, png } = await samplePng(lab, sample.id);
  const picture = out === undefined ? path : resolve(out);
  if (out !== undefined) await Deno.writeFile(picture, png);
  return json
    ? JSON.stringify({ ...sample, picture }, null, 2)
    : `${sample.id}: ${picture}${damageNote(lab, sample.runId, sample.step)}`;
}

async function writeTexts(
  lab: Lab,
  request: WriteRequest,
  { out, json }: Output,
): Promise<string> {
  const sample = await withProgressBar((onProgress) => lab.write(request, { onProgress }));
  const texts = sample.texts.map((text, i) => `--- ${sample.id}, ${i + 1} ---\n${text}`).join("\n");
  if (out === undefined) return json ? JSON.stringify(sample, null, 2) : texts;
  const file = resolve(out);
  await Deno.writeTextFile(file, `${texts}\n`);
  return json ? JSON.stringify({ ...sample, file }, null, 2) : `${sample.id}: ${file}`;
}

async function makeRecord(lab: Lab, request: JobRequest, { out }: Output): Promise<string> {
  const { id } = lab.startJob("sample", request);
  const job = await withProgressBar((onProgress) =>
    lab.watchJob(id, { onProgress, timeoutSeconds: Infinity })
  );
  const json = JSON.stringify(lab.textById(lab.jobResult(job)), null, 2);
  if (out === undefined) return json;
  await Deno.writeTextFile(resolve(out), `${json}\n`);
  return `${lab.jobResult(job)}: ${resolve(out)}`;
}

/** @throws {UserError} If the folder of a file to be written is not there. */
function requireFolderOf(file: string): void {
  const folder = dirname(resolve(file));
  try {
    if (Deno.statSync(folder).isDirectory) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new UserError(`--out is ${file}, but there is no folder ${folder}: create it first`);
}
