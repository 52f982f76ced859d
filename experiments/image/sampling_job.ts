import type { DeviceName, Engine } from "../../engine/mod.ts";
import { type ImageConfig, imageConfigOf } from "../config/mod.ts";
import { engineFor } from "../common/device.ts";
import { classifierOf, classOf } from "./classifier.ts";
import { knownClassifier } from "./kept_classifier.ts";
import { loadPictures, picturesOf, shapeOf } from "./pictures.ts";
import { compileDenoiser, denoiseWith, drawSample, keepSample, networkOf } from "./drawing.ts";
import type { Work } from "../run/jobs.ts";
import { openStore } from "../store/store.ts";
import { givenPictures, isGiven, withGivenClasses } from "./held_out.ts";
import { levelsFor } from "./request.ts";
import type { SampleSettings } from "../requests/image.ts";
import type { GivenPictures } from "../store/records.ts";
import type { Run } from "../store/run.ts";
import { newestWeights } from "../run/checkpoints.ts";

/** What the sampling process is asked for. */
export interface SamplingJob {
  readonly workspace: string;
  readonly runId: string;
  readonly settings: SampleSettings;
  /** For pictures that are kept or started from. */
  readonly dataDirectory?: string | undefined;
  readonly device?: DeviceName | undefined;
}

export const run: Work<SamplingJob> = async (job, report) => {
  const { device } = job;
  const store = openStore(job.workspace);
  const run = store.runs.byId(job.runId)!;
  const config = imageConfigOf(run);
  const pictures = picturesOf(run);
  const network = await networkOf(config, shapeOf(pictures));
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
      given,
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
    { directory: dataDirectory },
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
