/** The job of evaluating a run on images. */
import { type Arrays, type Engine, integers } from "../../engine/mod.ts";
import { codeVersion } from "../common/system.ts";
import type { Report, Work } from "../run/job_worker.ts";
import type { Parts } from "../common/system.ts";
import { compileDenoiser, compileSampler, drawSample, type Sampler } from "./drawing.ts";
import { cachedWeights } from "./sampling_job.ts";
import { levelsFor, ownOptions, sampleSettings, samplingOptions } from "./settings.ts";
import { loadPictures, picturesOf, valuesIn } from "./pictures.ts";
import { loadedFor, requireSameData } from "../run/checkpoints.ts";
import { classifierFacts, requireClassifier, stepsToClassifier } from "./kept_classifier.ts";
import { type Generated, largestCount, measurePictures, referenceDraws } from "./measure.ts";
import type { ImageDataset } from "../../data/mod.ts";
import type { ClassifierWeights } from "../../models/image_classifier.ts";
import type { ImageEvaluation, ImageEvaluationSettings, SampleSettings } from "./requests.ts";
import type { PictureFacts, Run } from "../store/run.ts";
import { type ImageConfig, imageConfigOf } from "./config.ts";

/** The input of the job. */
export interface EvaluationInput {
  readonly settings: ImageEvaluationSettings;
  /** Whether the caller named no count: then it gives way to what a small data set allows. */
  readonly countIsDefault: boolean;
}

/** Steps of the measuring, for the progress. */
const MEASUREMENTS = 4;
/** Training steps of a classifier that take about as long as a step of drawing, for the progress. */
const STEPS_ALIKE = 20;

export const evaluatePictures: Work = async (context) => {
  const { store, run, device, dataDirectory, cache } = context;
  const { settings: requested, countIsDefault } = context.input as EvaluationInput;
  const config = imageConfigOf(run);
  const dataset = await loadedFor(
    run,
    loadPictures(config, {
      directory: dataDirectory,
      onProgress: ({ file }) => context.report(0, 1, `Downloading ${file}`),
    }),
  );
  requireSameData(run, dataset);
  const settings = countIsDefault
    ? { ...requested, count: largestCount(dataset, requested.count) }
    : requested;
  referenceDraws(dataset, settings.count);
  const pictures = picturesOf(run);
  const { key, network, step, ema } = await cachedWeights(context, config);
  levelsFor(config, settings);
  const drawing = drawingSteps(settings);
  const batch = batchSettings(settings, config, pictures, 0);
  const engine = await cache.engineFor(device, `${key} ${JSON.stringify(settings)}`, {
    compile: (engine) => compileDenoiser(engine, network, config, batch, ema),
    runs: drawing,
  });
  const ahead = Math.ceil(stepsToClassifier(dataset) / STEPS_ALIKE);
  const report: Report = (done, of, message) => context.report(ahead + done, ahead + of, message);
  const total = drawing + MEASUREMENTS;
  const classifier = await requireClassifier(engine, dataset, (done, steps) => {
    if (done % STEPS_ALIKE > 0) return;
    const message = `Training a classifier of ${dataset.title}, once: step ${done} of ${steps}`;
    report(done / STEPS_ALIKE - ahead, total, message);
  });
  report(0, total, `Compiling the denoiser of step ${step}`);
  const sampler = await compileSampler(engine, network, config, batch, ema);
  const parts = context.parts({ step, device: engine.device });
  let drawn: DrawnPictures;
  try {
    drawn = await drawPictures(sampler, settings, config, pictures, {
      onStep: (done, message) => report(done, total, message),
      parts,
    });
  } finally {
    await sampler.dispose();
  }
  let done = drawing;
  const evaluation = await measuredEvaluation(
    engine,
    { run, step, settings, dataset, classifier, drawn },
    (message) => report(done++, total, message),
  );
  return () => store.evaluations.insert(evaluation);
};

/** What is measured, and where it comes from. */
interface ToMeasure extends Pick<ImageEvaluation, "step" | "settings"> {
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
const DRAWING_BATCH = 200;

/** Steps of the sampler over all batches, for the progress. */
function drawingSteps({ count, steps }: ImageEvaluationSettings): number {
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
 * @param sampler For the pictures of one batch.
 * @param options.weights The weights, unless they are constants of the sampler's programs.
 * @param options.onStep Called with the steps done over all batches.
 * @param options.parts Finished batches are taken from here, and kept here.
 * @throws The signal's reason, once it is aborted.
 */
export async function drawPictures(
  sampler: Sampler,
  settings: ImageEvaluationSettings,
  config: ImageConfig,
  pictures: PictureFacts,
  { weights, onStep, signal, parts }: {
    readonly weights?: Arrays | undefined;
    readonly onStep: (done: number, message: string) => void;
    readonly signal?: AbortSignal | undefined;
    /** Where finished batches are kept. */
    readonly parts?: Parts | undefined;
  },
): Promise<DrawnPictures> {
  const { count, steps } = settings;
  const length = valuesIn(pictures);
  const images = new Float32Array(count * length);
  const classes: number[] = [];
  let [seconds, networkEvaluations] = [0, 0];
  for (let from = 0, batch = 0; from < count; from += DRAWING_BATCH, batch++) {
    const taken = Math.min(DRAWING_BATCH, count - from);
    const draw = () =>
      drawSample(sampler, config, pictures, batchSettings(settings, config, pictures, batch), {
        weights,
        onStep: (step) =>
          onStep(batch * steps + step, `Drawing pictures ${from + 1} to ${from + taken}`),
        signal,
      });
    const drawn = await (parts ? parts.keep(`pictures-${batch}`, draw) : draw());
    images.set(drawn.pixels.images.subarray(0, taken * length), from * length);
    classes.push(...drawn.pixels.labels.subarray(0, taken));
    seconds += drawn.seconds;
    networkEvaluations = drawn.networkEvaluations;
  }
  return { images, classes, seconds, networkEvaluations };
}
