/** Entry of the evaluating process: answers one {@link EvaluationJob} with an evaluation's id. */
import { integers, openEngine } from "../../engine/mod.ts";
import { codeVersion } from "../code_version.ts";
import { type ImageConfig, imageConfigOf } from "../config.ts";
import { answerJob, type Report } from "../jobs/answer.ts";
import { denoiseWith, drawSample } from "../sampling/draw.ts";
import { levelsFor } from "../sampling/levels.ts";
import { takenBy } from "../sampling/names.ts";
import { samplingOptions } from "../sampling/options.ts";
import { sampleSettings } from "../sampling/settings.ts";
import { compileDenoiser, newestWeights } from "../sampling/weights.ts";
import { loadPictures } from "../image/dataset.ts";
import { networkOf } from "../image/network.ts";
import { openStore } from "../store/mod.ts";
import { picturesOf, shapeOf } from "../image/pictures.ts";
import type { ImageEvaluationSettings, PictureFacts } from "../types.ts";
import { requireClassifier, stepsToClassifier } from "./kept_classifier.ts";
import { type Generated, measurePictures, referenceDraws } from "./measure.ts";
import type { EvaluationJob } from "./protocol.ts";

/** Pictures that are drawn at once. */
const BATCH = 200;
/** Steps of the measuring, for the progress. */
const MEASUREMENTS = 4;
/** Training steps of a classifier that take about as long as a step of drawing, for the progress. */
const STEPS_ALIKE = 20;

await answerJob<EvaluationJob>(async (job, tell) => {
  const { settings, dataDirectory, device } = job;
  const store = openStore(job.workspace);
  const run = store.runs.byId(job.runId)!;
  const config = imageConfigOf(run);
  const dataset = await loadPictures(
    config,
    dataDirectory === undefined ? {} : { directory: dataDirectory },
  );
  referenceDraws(dataset, settings.count);
  const pictures = picturesOf(run);
  const network = networkOf(config, shapeOf(pictures));
  const { step, ema } = newestWeights(store, run, network);
  levelsFor(config, settings);
  const engine = await openEngine(device === undefined ? {} : { device });
  const ahead = Math.ceil(stepsToClassifier(dataset) / STEPS_ALIKE);
  const report: Report = (done, of, message) => tell(ahead + done, ahead + of, message);
  const batches = Math.ceil(settings.count / BATCH);
  const total = batches * settings.steps + MEASUREMENTS;
  const classifier = await requireClassifier(engine, dataset, (done, steps) => {
    if (done % STEPS_ALIKE > 0) return;
    const message = `Training a classifier of ${dataset.title}, once: step ${done} of ${steps}`;
    report(done / STEPS_ALIKE - ahead, total, message);
  });
  report(0, total, `Compiling the denoiser of step ${step}`);
  const batch = batchSettings(settings, config, pictures, 0);
  const { program, plain } = await compileDenoiser(engine, network, run, batch, ema);
  const drawn = await generate(
    denoiseWith(program, batch, {}, plain),
    settings,
    config,
    pictures,
    total,
    report,
  );
  await program.dispose();
  await plain?.dispose();
  let done = batches * settings.steps;
  const began = performance.now();
  const results = await measurePictures(
    engine,
    classifier.parameters,
    dataset,
    drawn,
    (message) => report(done++, total, message),
  );
  return store.evaluations.insert({
    modality: "image",
    runId: run.id,
    step,
    settings,
    results,
    networkEvaluations: drawn.networkEvaluations,
    samplingSeconds: drawn.seconds,
    measuringSeconds: (performance.now() - began) / 1000,
    classifier: {
      dataset: config.dataset,
      accuracy: Number(classifier.metadata.test_accuracy),
      hash: classifier.hash,
    },
    datasetHash: dataset.hash,
    configHash: run.configHash,
    codeVersion: codeVersion(),
    device: engine.device,
  });
});

/** A batch has noise of its own, whatever the seed. */
function batchSettings(
  settings: ImageEvaluationSettings,
  config: ImageConfig,
  pictures: PictureFacts,
  batch: number,
) {
  const { sampler, steps, guidance_scale, eta } = settings;
  const takesEta = takenBy.eta.includes(sampler);
  const key = { seed: settings.seed, stream: "evaluation-batch", step: batch };
  const [seed] = integers(key, 1, 2 ** 31);
  return sampleSettings(
    {
      count: BATCH,
      sampler,
      steps,
      guidance_scale,
      seed: seed!,
      ...(takesEta ? { eta } : {}),
      ...samplingOptions(settings),
    },
    config,
    pictures,
  );
}

/** Draws the pictures, a batch at a time. */
async function generate(
  denoise: ReturnType<typeof denoiseWith>,
  settings: ImageEvaluationSettings,
  config: ImageConfig,
  pictures: PictureFacts,
  total: number,
  report: Report,
): Promise<Generated & { readonly seconds: number; readonly networkEvaluations: number }> {
  const { count, steps } = settings;
  const length = pictures.height * pictures.width * pictures.channels;
  const images = new Float32Array(count * length);
  const classes: number[] = [];
  let [seconds, networkEvaluations] = [0, 0];
  for (let from = 0, batch = 0; from < count; from += BATCH, batch++) {
    const taken = Math.min(BATCH, count - from);
    const drawn = await drawSample(
      denoise,
      config,
      pictures,
      batchSettings(settings, config, pictures, batch),
      {
        onStep: (step) =>
          report(batch * steps + step, total, `Drawing pictures ${from + 1} to ${from + taken}`),
      },
    );
    images.set(drawn.pixels.images.subarray(0, taken * length), from * length);
    classes.push(...drawn.pixels.labels.subarray(0, taken));
    seconds += drawn.seconds;
    networkEvaluations = drawn.networkEvaluations;
  }
  return { images, classes, seconds, networkEvaluations };
}
