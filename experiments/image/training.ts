/** The training subject of image runs. */
import { inputArrays, trainingStep } from "../../models/steps/mod.ts";
import { compileSampler, drawSample, keepSample, networkOf, type Sampler } from "./drawing.ts";
import type {
  ModalityWork,
  SamplingContext,
  Subject,
  SubjectOptions,
  TrainingMeasurer,
  TrainingSampler,
} from "../run/modality.ts";
import {
  batchSource,
  isWeighted,
  pixelwiseDenoisingError,
  trainingNoise,
  validationOf,
} from "./validation.ts";
import { loadPictures, pictureFacts } from "./pictures.ts";
import type { ImageDataset } from "../../data/mod.ts";
import type { ImageNetwork } from "../../models/image/mod.ts";
import {
  batchSettings,
  drawPictures,
  evaluatePictures,
  measuredEvaluation,
} from "./evaluation_job.ts";
import { samplePictures } from "./sampling_job.ts";
import { requireClassifier } from "./kept_classifier.ts";
import { referenceDraws } from "./measure.ts";
import { evaluationSettings } from "./settings.ts";
import type { SampleSettings } from "./requests.ts";
import { type ImageConfig, imageConfigOf, objectiveFor } from "./config.ts";

/** PyTorch's defaults. */
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** @throws {UserError} As {@link openSubject} does. */
async function imageSubject(config: ImageConfig, options: SubjectOptions): Promise<Subject> {
  const dataset = await loadPictures(config, options);
  const network = await networkOf(config, dataset);
  const batches = batchSource(config, dataset, network.noClass);
  return {
    data: dataset,
    pictures: pictureFacts(dataset),
    parameters: network.parameters,
    takesOtherWeights: true,
    adam: ADAM,
    baseline: () => pixelwiseDenoisingError(dataset),
    batch: (step, _, options) => batches(step, options),
    noise: trainingNoise(config),
    batchFollowsParameters: false,
    step: trainingStep(network, objectiveFor(config), {
      weighted: isWeighted(config),
      selfCondition: config.self_condition,
    }),
    validation: (engine) => validationOf(engine, network, config, dataset),
    sampler: (context) => sampleDuringTraining(network, dataset, context),
    measurer: (context) => measureDuringTraining(network, dataset, context),
  };
}

const COUNT = 20;

/** Settings of samples during training: the classes in turn, without guidance, always with the same noise. */
const settingsFor = (classes: number): SampleSettings => ({
  count: COUNT,
  sampler: "ddim",
  steps: 25,
  guidance_scale: 1,
  classes: Array.from({ length: COUNT }, (_, i) => i % classes),
  seed: 0,
  eta: 0,
  film_strip: false,
  made_by: "training",
});

/** Samples during training. The sampler is compiled at the first sample; every sample brings its weights. */
function sampleDuringTraining(
  network: ImageNetwork,
  dataset: ImageDataset,
  { engine, store, run, state, signal }: SamplingContext,
): TrainingSampler {
  const config = imageConfigOf(run);
  const settings = settingsFor(dataset.classes);
  let sampler: Sampler | undefined;
  return {
    async sample() {
      sampler ??= await compileSampler(engine, network, config, settings);
      const drawn = await drawSample(sampler, config, dataset, settings, {
        weights: inputArrays(state.ema),
        signal,
      });
      const { step } = state;
      keepSample(store, run, { ...drawn, settings, step, device: engine.device });
    },
  };
}

/**
 * Evaluates during training, every `evaluate_every` steps, with the defaults of `evaluate`: 25 steps of DDIM
 * without guidance. Every evaluation is stored.
 *
 * @returns Undefined if `evaluate_every` is 0.
 * @throws {UserError} If the data has a single class, or too few held-out pictures.
 */
function measureDuringTraining(
  network: ImageNetwork,
  dataset: ImageDataset,
  { engine, store, run, state, signal }: SamplingContext,
): TrainingMeasurer | undefined {
  const config = imageConfigOf(run);
  const { evaluate_every: every, evaluate_count: count } = config;
  if (every === 0) return undefined;
  const settings = evaluationSettings({ count }, config, dataset);
  referenceDraws(dataset, count, "evaluate_count");
  let sampler: Sampler | undefined;
  return {
    every,
    isDone: () =>
      store.evaluations.list(run.id).some((made) =>
        made.modality === "image" && made.madeBy === "training" && made.step === state.step
      ),
    async measure(tell) {
      const classifier = await requireClassifier(engine, dataset, (done, steps) => {
        signal?.throwIfAborted();
        tell(`training a classifier: step ${done} of ${steps}`);
      });
      const batch = batchSettings(settings, config, dataset, 0);
      sampler ??= await compileSampler(engine, network, config, batch);
      const drawn = await drawPictures(sampler, settings, config, dataset, {
        weights: inputArrays(state.ema),
        onStep: (_, message) => tell(message.toLowerCase()),
        signal,
      });
      const evaluation = await measuredEvaluation(
        engine,
        { run, step: state.step, settings, dataset, classifier, drawn },
        (message) => tell(message.toLowerCase()),
      );
      store.evaluations.insert({ ...evaluation, madeBy: "training" });
      const { results } = evaluation;
      return { frechet: results.frechet.distance, accuracy: results.accuracy! };
    },
  };
}

export const imageWork: ModalityWork = {
  sample: samplePictures,
  evaluate: evaluatePictures,
  openSubject: (config, options) =>
    imageSubject(imageConfigOf({ id: "The configuration", config }), options),
};
