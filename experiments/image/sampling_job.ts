/** The job of sampling images. */
import { bundledPartOf, type ImageDataset, isAvailableLocally } from "../../data/mod.ts";
import { type DeviceName, type Engine, UserError } from "../../engine/mod.ts";
import { loadedFor, newestCheckpointKey, newestWeights } from "../run/checkpoints.ts";
import type { JobContext, Work } from "../run/job_worker.ts";
import type { JobCache } from "../run/job_worker.ts";
import { classifierOf, classOf } from "./classifier.ts";
import { knownClassifier } from "./kept_classifier.ts";
import {
  heldOutPictures,
  loadPictures,
  picturesOf,
  shapeOf,
  usesHeldOut,
  withHeldOutClasses,
} from "./pictures.ts";
import {
  compileDenoiser,
  compileSampler,
  drawSample,
  keepSample,
  networkOf,
  samplerShape,
} from "./drawing.ts";
import { levelsFor } from "./settings.ts";
import type { HeldOutPictures, SampleSettings } from "./requests.ts";
import type { Run } from "../store/run.ts";
import { type ImageConfig, imageConfigOf } from "./config.ts";

/** The input of the job. */
export interface SamplingInput {
  readonly settings: SampleSettings;
}

export const samplePictures: Work = async (context) => {
  const { store, run, report, cache, device } = context;
  const { settings: requested } = context.input as SamplingInput;
  const config = imageConfigOf(run);
  const pictures = picturesOf(run);
  const weights = await cachedWeights(context, config);
  levelsFor(config, requested);
  const { settings, heldOut } = usesHeldOut(requested)
    ? await withHeldOut(requested, context, config)
    : { settings: requested, heldOut: undefined };
  report(0, settings.steps + 1, `Compiling the denoiser of step ${weights.step}`);
  const { engine, sampler } = await cachedSampler(cache, device, config, settings, weights);
  const drawn = await drawSample(sampler, config, pictures, settings, {
    onStep: (done, steps) => report(done, steps + 1, `Step ${done} of ${steps}`),
    heldOut,
  });
  const pixels = heldOut
    ? {
      ...drawn.pixels,
      heldOut: await recognised(cache, engine, run, heldOut, drawn.pixels.images),
    }
    : drawn.pixels;
  const { step } = weights;
  return () =>
    keepSample(store, run, { ...drawn, pixels, settings, step, device: engine.device }).id;
};

/** Returns the network of a run with its newest weights, and their key in the cache. */
export async function cachedWeights({ store, run, cache }: JobContext, config: ImageConfig) {
  const key = newestCheckpointKey(store, run);
  return await cache.get(`weights ${key}`, async () => {
    const network = await networkOf(config, shapeOf(picturesOf(run)));
    return { key, network, ...newestWeights(store, run, network) };
  });
}

/** Returns a compiled sampler from the cache; its key includes all that the programs depend on. */
async function cachedSampler(
  cache: JobCache,
  device: DeviceName | undefined,
  config: ImageConfig,
  settings: SampleSettings,
  { key, network, ema }: Awaited<ReturnType<typeof cachedWeights>>,
) {
  const { steps } = settings;
  const shape = `${key} ${samplerShape(config, settings)}`;
  const engine = await cache.engineFor(device, `${shape} in ${steps} steps`, {
    compile: (engine) => compileDenoiser(engine, network, config, settings, ema),
    runs: steps,
  });
  const sampler = await cache.get(
    `sampler ${engine.device} ${shape}`,
    () => compileSampler(engine, network, config, settings, ema),
    (sampler) => sampler.dispose(),
  );
  return { engine, sampler };
}

/** Returns the held-out images that a sample starts from, and its settings with what is known of them. */
async function withHeldOut(
  settings: SampleSettings,
  context: JobContext,
  config: ImageConfig,
): Promise<{ readonly heldOut: HeldOutPictures; readonly settings: SampleSettings }> {
  const { dataset, pictures_of } = await heldOutData(config, context);
  const heldOut = heldOutPictures(settings, dataset);
  return { heldOut, settings: withHeldOutClasses({ ...settings, pictures_of }, heldOut) };
}

/**
 * Loads the data set of a run for its held-out images or, where it cannot be had, its part in the repository
 * (of MNIST, MNIST-6k).
 *
 * @throws {UserError} If there is neither; the message says what to do.
 */
async function heldOutData(
  config: ImageConfig,
  { run, dataDirectory: directory, report }: JobContext,
): Promise<{ readonly dataset: ImageDataset } & Pick<SampleSettings, "pictures_of">> {
  const { dataset: name } = config;
  try {
    const loading = loadPictures(config, {
      directory,
      onProgress: ({ file }) => report(0, 1, `Downloading ${file}`),
    });
    return { dataset: await loadedFor(run, loading) };
  } catch (error) {
    const part = bundledPartOf(name);
    if (!(error instanceof UserError) || part === undefined) throw error;
    // A file that is there and damaged is to be mended.
    if (await isAvailableLocally(name, { directory })) throw error;
    return { dataset: await loadPictures({ ...config, dataset: part }), pictures_of: part };
  }
}

/** Adds the classes that the classifier assigns to the samples, if a classifier exists; none is trained. */
async function recognised(
  cache: JobCache,
  engine: Engine,
  run: Run,
  heldOut: HeldOutPictures,
  images: Float32Array,
): Promise<HeldOutPictures> {
  const shape = shapeOf(picturesOf(run));
  const { dataset: name } = run.config;
  const known = knownClassifier({ ...shape, name, hash: run.datasetHash! });
  if (!known) return heldOut;
  const classifier = await cache.get(
    `classifier ${engine.device} ${known.hash}`,
    () => classifierOf(engine, known.parameters, shape),
    (classifier) => classifier.dispose(),
  );
  const judged = await classifier.judge(images);
  return {
    ...heldOut,
    recognised: Int32Array.from({ length: judged.count }, (_, i) => classOf(judged, i)),
  };
}
