/** What the sampling process does: from a {@link SamplingJob} to the id of a sample. */
import type { Engine } from "../../engine/mod.ts";
import { type ImageConfig, imageConfigOf } from "../config.ts";
import { engineFor } from "../device.ts";
import { classifierOf, classOf } from "../evaluation/classifier.ts";
import { knownClassifier } from "../evaluation/kept_classifier.ts";
import { loadPictures } from "../image/dataset.ts";
import { networkOf } from "../image/network.ts";
import { picturesOf, shapeOf } from "../image/pictures.ts";
import type { Work } from "../jobs/answer.ts";
import { openStore } from "../store/mod.ts";
import type { GivenPictures, Run } from "../types.ts";
import { denoiseWith, drawSample, keepSample } from "./draw.ts";
import { isGiven } from "./given.ts";
import { givenPictures, withGivenClasses } from "./given_pictures.ts";
import { levelsFor } from "./levels.ts";
import type { SamplingJob } from "./protocol.ts";
import { compileDenoiser, newestWeights } from "./weights.ts";

export const run: Work<SamplingJob> = async (job, report) => {
  const { device } = job;
  const store = openStore(job.workspace);
  const run = store.runs.byId(job.runId)!;
  const config = imageConfigOf(run);
  const pictures = picturesOf(run);
  const network = networkOf(config, shapeOf(pictures));
  const { step, ema } = newestWeights(store, run, network);
  levelsFor(config, job.settings);
  const given = isGiven(job.settings) ? await loadGiven(job, config) : undefined;
  const settings = given ? withGivenClasses(job.settings, given) : job.settings;
  report(0, settings.steps + 1, `Compiling the denoiser of step ${step}`);
  const compileOn = (engine: Engine) => compileDenoiser(engine, network, run, settings, ema);
  const { engine } = await engineFor(device, {
    compile: async (engine) => (await compileOn(engine)).program,
    runs: settings.steps,
  });
  const { program, plain } = await compileOn(engine);
  const drawn = await drawSample(
    denoiseWith(program, settings, {}, plain),
    config,
    pictures,
    settings,
    {
      onStep: (done, steps) => report(done, steps + 1, `Step ${done} of ${steps}`),
      ...(given ? { given } : {}),
    },
  );
  const pixels = given
    ? { ...drawn.pixels, given: await recognised(engine, run, given, drawn.pixels.images) }
    : drawn.pixels;
  return keepSample(store, run, { ...drawn, pixels, settings, step, device: engine.device }).id;
};

async function loadGiven(
  { settings, dataDirectory }: SamplingJob,
  config: ImageConfig,
): Promise<GivenPictures> {
  const dataset = await loadPictures(
    config,
    dataDirectory === undefined ? {} : { directory: dataDirectory },
  );
  return givenPictures(settings, dataset);
}

/** With what the classifier sees in what was drawn, where there is one already; none is trained. */
async function recognised(
  engine: Engine,
  run: Run,
  given: GivenPictures,
  images: Float32Array,
): Promise<GivenPictures> {
  const shape = shapeOf(picturesOf(run));
  const { dataset: name } = run.config;
  const known = knownClassifier({ ...shape, name, hash: run.datasetHash! });
  if (!known) return given;
  const classifier = await classifierOf(engine, known.parameters, shape);
  const judged = await classifier.judge(images);
  await classifier.dispose();
  return {
    ...given,
    recognised: Int32Array.from({ length: judged.count }, (_, i) => classOf(judged, i)),
  };
}
