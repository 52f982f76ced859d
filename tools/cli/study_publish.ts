/** Puts a trained model into `study/`: weights in half precision, its record, samples and journal. */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Evaluation,
  type Lab,
  publishedWeights,
  type Run,
  type Sample,
  type SampleRequest,
  STUDY_FOLDER,
  type StudyRecord,
  type TextSample,
} from "../../experiments/mod.ts";
import { openJournal } from "../../journal/mod.ts";
import { withProgressBar } from "./terminal.ts";
import type { Candidate } from "./study_measures.ts";
import {
  type Chosen,
  evaluateWith,
  firstCandidates,
  measuredBefore,
  type ModelReport,
  reportOnModel,
  roundingTable,
} from "./study_report.ts";

/** The model that a run is published as. */
interface PublishedModel {
  /** After `study/`, in its id. */
  readonly name: string;
  /** Its journal entry. */
  readonly entry: { readonly title: string };
}

/** Points of every curve that are kept. */
const CURVE_POINTS = 300;

/**
 * Publishes the newest weights of a run, measures them as they are published, draws samples with the
 * settings that were best, and keeps all of it in `study/`.
 *
 * @param lab Of the workspace that the run was trained in, where the measurements are made.
 * @param options.measure False takes the best settings of those that were measured before, or the first
 * of each kind.
 */
export async function publishModel(
  lab: Lab,
  model: PublishedModel,
  run: Run,
  { measure, dataDirectory }: {
    readonly measure: boolean;
    readonly dataDirectory: string | undefined;
  },
): Promise<void> {
  const id = `study/${model.name}`;
  const folder = join(STUDY_FOLDER, model.name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "samples"), { recursive: true });
  const bare = await publishWeights(lab, run, id, folder, dataDirectory);
  const report = await reportOnModel(lab, id, { measure });
  const best = { ...firstCandidates(bare.run), ...report.best };
  const unrounded = await measureUnrounded(lab, { ...run, step: bare.run.step }, report, measure);
  const evaluations = lab.evaluations(id).filter(({ step }) => step === bare.run.step);
  const record: StudyRecord = {
    ...bare,
    samples: best.unguided ? await drawSamples(lab, id, best.unguided.settings, folder) : [],
    texts: best.diffusion ? await writeTexts(lab, id, best) : [],
    evaluations: evaluations.map((evaluation, i) => ({
      ...evaluation,
      id: numbered(id, "evaluation", i),
    })),
    unrounded,
  };
  writeRecord(folder, record);
  await publishEntry(lab, model, run, id);
  const text = `${report.text}\n\n${roundingTable(record)}\n`;
  writeFileSync(join(folder, "report.md"), `# ${id}\n\n${text}`);
  console.log(text);
}

/** Writes weights and a record without samples, so that the model can be measured as it is published. */
async function publishWeights(
  lab: Lab,
  run: Run,
  id: string,
  folder: string,
  dataDirectory: string | undefined,
): Promise<StudyRecord> {
  const [newest] = lab.inspect(run.id).checkpoints;
  const weights = await publishedWeights(Deno.readFileSync(newest!.path), {
    dataDirectory,
  });
  writeFileSync(join(folder, "weights.safetensors"), weights);
  const { step } = newest!;
  const complete = step === run.steps;
  const now = new Date().toISOString();
  const record: StudyRecord = {
    run: {
      ...run,
      // A folder of the machine that trained it means nothing elsewhere.
      dataDirectory: null,
      id,
      status: complete ? "finished" : "stopped",
      activity: null,
      step,
      checkpointStep: step,
      sweepId: null,
      endedAt: run.endedAt ?? newest!.createdAt,
      etaSeconds: null,
    },
    curves: lab.metrics(run.id, { maxPoints: CURVE_POINTS }),
    checkpoint: {
      runId: id,
      step,
      path: "weights.safetensors",
      bytes: weights.length,
      createdAt: now,
    },
    samples: [],
    texts: [],
    evaluations: [],
    unrounded: [],
  };
  writeRecord(folder, record);
  return record;
}

function writeRecord(folder: string, record: StudyRecord): void {
  writeFileSync(join(folder, "run.json"), `${JSON.stringify(record, null, 1)}\n`);
}

/** "study-digits-sample-001": what belongs to a published run, from 1 on. */
function numbered(id: string, kind: string, index: number): string {
  return `${id.replace("/", "-")}-${kind}-${String(index + 1).padStart(3, "0")}`;
}

/** The run's own weights, measured with the best settings of each kind. */
async function measureUnrounded(
  lab: Lab,
  run: Run,
  { best }: ModelReport,
  measure: boolean,
): Promise<Evaluation[]> {
  const measured: Evaluation[] = [];
  for (const { settings } of Object.values(best)) {
    const known = measuredBefore(lab, run, settings);
    if (known ?? measure) measured.push(known ?? await evaluateWith(lab, run.id, settings));
  }
  return measured;
}

/** A film strip and a contact sheet. */
async function drawSamples(
  lab: Lab,
  id: string,
  { count: _, ...settings }: Candidate["settings"],
  folder: string,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const film_strip of [true, false]) {
    const count = film_strip ? 20 : 40;
    const request = { run: id, ...settings, count, film_strip } as SampleRequest;
    const sample = await withProgressBar((onProgress) => lab.sample(request, { onProgress }));
    const path = join("samples", `${film_strip ? "film-strip" : "contact-sheet"}.safetensors`);
    copyFileSync(sample.path, join(folder, path));
    samples.push({ ...sample, id: numbered(id, "sample", samples.length), path });
  }
  return samples;
}

/** Texts by diffusion alone, then by the best hybrid mode. */
async function writeTexts(lab: Lab, id: string, best: Chosen): Promise<TextSample[]> {
  const texts: TextSample[] = [];
  for (const kind of ["diffusion", "hybrid"] as const) {
    const { settings } = best[kind]!;
    const { draws: _, bound_steps: __, ...writing } = settings as {
      draws?: number;
      bound_steps?: number[];
    };
    const request = { run: id, ...writing, count: 2, length: 160, film_strip: true };
    const sample = await withProgressBar((onProgress) => lab.write(request, { onProgress }));
    texts.push({ ...sample, id: numbered(id, "sample", texts.length) });
  }
  return texts;
}

/** Copies the model's journal entry under the published run's id. */
async function publishEntry(lab: Lab, model: PublishedModel, run: Run, id: string): Promise<void> {
  const journal = await openJournal(lab);
  const entry = journal.listEntries().find(({ title }) => title === model.entry.title);
  if (!entry) return;
  const { path } = journal.update(entry.id, { runs: [run.id] });
  const folder = join(STUDY_FOLDER, "journal");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, basename(path)), Deno.readTextFileSync(path).replaceAll(run.id, id));
}

/** Draws the animated picture of the README from the published films; returns its path. */
export async function drawForming(lab: Lab): Promise<string> {
  const { formingPicture } = await import("../../figures/mod.ts");
  const film = lab.samples("study/digits").find(({ kind }) => kind === "film-strip")!;
  const [diffusion, hybrid] = lab.texts("study/verse");
  const picture = await formingPicture(await lab.samplePixels(film.id), [diffusion!, hybrid!]);
  const path = fileURLToPath(new URL("../../docs/forming.gif", import.meta.url));
  await Deno.writeFile(path, picture);
  return path;
}
