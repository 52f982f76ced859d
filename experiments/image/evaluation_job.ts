import { type DeviceName, type Engine, integers } from "../../engine/mod.ts";
import { type ImageConfig, imageConfigOf } from "../config/mod.ts";
import { codeVersion } from "../common/code_version.ts";
import { engineFor } from "../common/device.ts";
import type { Report, Work } from "../run/jobs.ts";
import { compileDenoiser, denoiseWith, drawSample, networkOf } from "./drawing.ts";
import { levelsFor, ownOptions, sampleSettings, samplingOptions } from "./request.ts";
import { loadPictures, picturesOf, shapeOf } from "./pictures.ts";
import { requireSameData } from "../run/own_data.ts";
import { openStore } from "../store/store.ts";
import { classifierFacts, requireClassifier, stepsToClassifier } from "./kept_classifier.ts";
import { type Generated, largestCount, measurePictures, referenceDraws } from "./measure.ts";
import type { ImageDataset } from "../../data/mod.ts";
import type { ClassifierWeights } from "../../models/image_classifier.ts";
import type { Denoise } from "../../models/diffusion/mod.ts";
import type { ImageEvaluation } from "../store/results.ts";
import type { ImageEvaluationSettings, SampleSettings } from "../requests/image.ts";
import type { PictureFacts, Run } from "../store/run.ts";
import { newestWeights } from "../run/checkpoints.ts";

/** What the evaluating process is asked for. */
export interface EvaluationJob {
  readonly workspace: string;
  readonly runId: string;
  readonly settings: ImageEvaluationSettings;
  /** Whether the caller named no count: then it gives way to what a small data set allows. */
  readonly countIsDefault: boolean;
  readonly dataDirectory?: string | undefined;
  readonly device?: DeviceName | undefined;
}

/** Steps of the measuring, for the progress. */
const MEASUREMENTS = 4;
/** Training steps of a classifier that take about as long as a step of drawing, for the progress. */
const STEPS_ALIKE = 20;

export const run: Work<EvaluationJob> = async (job, tell) => {
  const { dataDirectory, device } = job;
  const store = openStore(job.workspace);
  const run = store.runs.byId(job.runId)!;
  const config = imageConfigOf(run);
  const dataset = await loadPictures(
    config,
    { directory: dataDirectory },
  );
  requireSameData(run, dataset);
  const settings = job.countIsDefault
    ? { ...job.settings, count: largestCount(dataset, job.settings.count) }
    : job.settings;
  referenceDraws(dataset, settings.count);
  const pictures = picturesOf(run);
  const network = await networkOf(config, shapeOf(pictures));
  const { step, ema } = newestWeights(store, run, network);
  levelsFor(config, settings);
  const drawing = drawingSteps(settings);
  const batch = batchSettings(settings, config, pictures, 0);
  const compileOn = (engine: Engine) => compileDenoiser(engine, network, run, batch, ema);
  const { engine } = await engineFor(device, {
    compile: async (engine) => (await compileOn(engine)).program,
    runs: drawing,
  });
  const ahead = Math.ceil(stepsToClassifier(dataset) / STEPS_ALIKE);
  const report: Report = (done, of, message) => tell(ahead + done, ahead + of, message);
  const total = drawing + MEASUREMENTS;
  const classifier = await requireClassifier(engine, dataset, (done, steps) => {
    if (done % STEPS_ALIKE > 0) return;
    const message = `Training a classifier of ${dataset.title}, once: step ${done} of ${steps}`;
    report(done / STEPS_ALIKE - ahead, total, message);
  });
  report(0, total, `Compiling the denoiser of step ${step}`);
  const { program, plain } = await compileOn(engine);
  const denoise = denoiseWith(program, batch, {}, plain);
  const drawn = await drawPictures(denoise, settings, config, pictures, {
    onStep: (done, message) => report(done, total, message),
  });
  await program.dispose();
  await plain?.dispose();
  let done = drawing;
  return store.evaluations.insert(
    await measuredEvaluation(
      engine,
      { run, step, settings, dataset, classifier, drawn },
      (message) => report(done++, total, message),
    ),
  );
};

/** What is measured, and where it comes from. */
export interface ToMeasure extends Pick<ImageEvaluation, "step" | "settings"> {
  readonly run: Run;
  readonly dataset: ImageDataset;
  readonly classifier: ClassifierWeights;
  readonly drawn: DrawnPictures;
}

/** @param report Called as each part of the measuring begins. */
export async function measuredEvaluation(
  engine: Engine,
  { run, step, settings, dataset, classifier, drawn }: ToMeasure,
  report: (message: string) => void,
): Promise<Omit<ImageEvaluation, "id" | "createdAt">> {
  const began = performance.now();
  const results = await measurePictures(engine, classifier.parameters, dataset, drawn, report);
  return {
    modality: "image",
    runId: run.id,
    step,
    settings,
    results,
    networkEvaluations: drawn.networkEvaluations,
    samplingSeconds: drawn.seconds,
    measuringSeconds: (performance.now() - began) / 1000,
    classifier: classifierFacts(run.config.dataset, classifier),
    datasetHash: dataset.hash,
    configHash: run.configHash,
    codeVersion: codeVersion(),
    device: engine.device,
  };
}

/** Pictures with what it took to draw them; the evaluations are those for each picture. */
export interface DrawnPictures extends Generated {
  readonly seconds: number;
  readonly networkEvaluations: number;
}

/** Pictures that are drawn at once. */
export const DRAWING_BATCH = 200;

/** Steps of the sampler over all batches, for the progress. */
export function drawingSteps({ count, steps }: ImageEvaluationSettings): number {
  return Math.ceil(count / DRAWING_BATCH) * steps;
}

/** Settings of a batch of 200 pictures. It has noise of its own, whatever the seed. */
export function batchSettings(
  settings: ImageEvaluationSettings,
  config: ImageConfig,
  pictures: PictureFacts,
  batch: number,
): SampleSettings {
  const { sampler, steps, guidance_scale } = settings;
  const { eta: _, ...options } = samplingOptions(settings);
  const key = { seed: settings.seed, stream: "evaluation-batch", step: batch };
  const [seed] = integers(key, 1, 2 ** 31);
  return sampleSettings(
    {
      count: DRAWING_BATCH,
      sampler,
      steps,
      guidance_scale,
      seed: seed!,
      ...options,
      ...ownOptions(settings),
    },
    config,
    pictures,
  );
}

/**
 * Draws as many pictures as the settings say.
 *
 * @param denoise For the pictures of one batch.
 * @param options.onStep Called with the steps done over all batches.
 * @throws The signal's reason, once it is aborted.
 */
export async function drawPictures(
  denoise: Denoise,
  settings: ImageEvaluationSettings,
  config: ImageConfig,
  pictures: PictureFacts,
  { onStep, signal }: {
    readonly onStep: (done: number, message: string) => void;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<DrawnPictures> {
  const { count, steps } = settings;
  const length = pictures.height * pictures.width * pictures.channels;
  const images = new Float32Array(count * length);
  const classes: number[] = [];
  let [seconds, networkEvaluations] = [0, 0];
  for (let from = 0, batch = 0; from < count; from += DRAWING_BATCH, batch++) {
    const taken = Math.min(DRAWING_BATCH, count - from);
    const drawn = await drawSample(
      denoise,
      config,
      pictures,
      batchSettings(settings, config, pictures, batch),
      {
        onStep: (step) =>
          onStep(batch * steps + step, `Drawing pictures ${from + 1} to ${from + taken}`),
        signal,
      },
    );
    images.set(drawn.pixels.images.subarray(0, taken * length), from * length);
    classes.push(...drawn.pixels.labels.subarray(0, taken));
    seconds += drawn.seconds;
    networkEvaluations = drawn.networkEvaluations;
  }
  return { images, classes, seconds, networkEvaluations };
}
