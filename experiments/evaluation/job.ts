/** What the evaluating process does: from an {@link EvaluationJob} to an evaluation's id. */
import type { Engine } from "../../engine/mod.ts";
import { imageConfigOf } from "../config.ts";
import { engineFor } from "../device.ts";
import type { Report, Work } from "../jobs/answer.ts";
import { denoiseWith } from "../sampling/draw.ts";
import { levelsFor } from "../sampling/levels.ts";
import { compileDenoiser, newestWeights } from "../sampling/weights.ts";
import { loadPictures } from "../image/dataset.ts";
import { networkOf } from "../image/network.ts";
import { requireSameData } from "../own_data.ts";
import { openStore } from "../store/mod.ts";
import { picturesOf, shapeOf } from "../image/pictures.ts";
import { batchSettings, drawingSteps, drawPictures } from "./drawing.ts";
import { requireClassifier, stepsToClassifier } from "./kept_classifier.ts";
import { largestCount, referenceDraws } from "./measure.ts";
import { measuredEvaluation } from "./measured.ts";
import type { EvaluationJob } from "./protocol.ts";

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
    dataDirectory === undefined ? {} : { directory: dataDirectory },
  );
  requireSameData(run, dataset);
  const settings = job.countIsDefault
    ? { ...job.settings, count: largestCount(dataset, job.settings.count) }
    : job.settings;
  referenceDraws(dataset, settings.count);
  const pictures = picturesOf(run);
  const network = networkOf(config, shapeOf(pictures));
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
