/** The training subject of text runs. */
import { loadTextDataset, type TextDataset } from "../../data/mod.ts";
import { UserError } from "../../engine/host/mod.ts";
import {
  DENSITY,
  EMBEDDINGS,
  type TextNetwork,
  textTrainingStep,
} from "../../models/text/network/mod.ts";
import type {
  ModalityWork,
  SamplingContext,
  Subject,
  SubjectOptions,
  TrainingSampler,
} from "../run/modality.ts";
import { baselinesFor } from "./metrics.ts";
import { isAdaptive, networkOf, stepOptions, textBatchSource, trainingNoise } from "./network.ts";
import { textValidation } from "./validation.ts";
import { type TextReference, textReference } from "../../models/text/mod.ts";
import { writeSettings } from "./settings.ts";
import { evaluateTexts } from "./evaluation_job.ts";
import { writeTexts, writeWith } from "./sampling_job.ts";
import type { WriteSettings } from "./requests.ts";
import { type TextConfig, textConfigOf } from "./config.ts";
import { textModel } from "./model.ts";

/** The density is fitted by regression, which tolerates a high learning rate and needs no weight decay. */
const DENSITY_TREATMENT = { learningRateFactor: 10, weightDecay: 0 };

const ADAM = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8 };

/** @throws {UserError} As {@link openSubject} does. */
async function textSubject(config: TextConfig, options: SubjectOptions): Promise<Subject> {
  const dataset = await loadTextDataset(config.dataset, {
    ...options,
    context: config.context,
    vocabularySize: config.vocabulary_size,
  });
  const network = networkOf(config, dataset.tokenized.vocabulary.size);
  return {
    data: dataset,
    parameters: network.parameters,
    takesOtherWeights: false,
    adam: ADAM,
    treatments: network.denoiser
      ? {
        [EMBEDDINGS]: {
          learningRateFactor: config.embedding_learning_rate / config.learning_rate,
          weightDecay: 0,
        },
        ...(network.options.adaptive ? { [DENSITY]: DENSITY_TREATMENT } : {}),
      }
      : undefined,
    baseline: (workspace) => baselinesFor(workspace, dataset).ngrams[1]!,
    batch: textBatchSource(config, dataset),
    noise: trainingNoise(config),
    batchFollowsParameters: isAdaptive(config),
    step: textTrainingStep(network, stepOptions(config)),
    validation: (engine) => textValidation(engine, network, config, dataset),
    sampler: (context) => writeDuringTraining(network, config, dataset, context),
  };
}

/** Settings of samples during training: one window, always with the same noise. */
function settingsFor(config: TextConfig): WriteSettings {
  const denoising = config.method === "autoregressive" ? {} : { steps: 24, film_strip: true };
  return {
    ...writeSettings({ count: 2, length: config.context, ...denoising }, config),
    made_by: "training",
  };
}

/** Samples during training. Every sample is compiled anew, because the weights are constants of the programs. */
function writeDuringTraining(
  network: TextNetwork,
  config: TextConfig,
  dataset: TextDataset,
  { engine, store, run, state }: SamplingContext,
): TrainingSampler {
  const settings = settingsFor(config);
  let reference: TextReference | undefined;
  return {
    async sample() {
      const { step, ema } = state;
      const model = await textModel(engine, network, config, ema, { count: settings.count });
      try {
        const written = await writeWith(
          model,
          settings,
          dataset,
          reference ??= textReference(dataset),
        );
        store.texts.insert({ ...written, runId: run.id, step, device: engine.device });
      } finally {
        await model.dispose();
      }
    },
  };
}

export const textWork: ModalityWork = {
  sample: writeTexts,
  evaluate: evaluateTexts,
  openSubject: (config, options) =>
    textSubject(textConfigOf({ id: "The configuration", config }), options),
  async publishedCharacters(config, directory) {
    const { vocabulary_size } = textConfigOf({ id: "The configuration", config });
    if (vocabulary_size > 0) {
      throw new UserError(
        "Only networks that read characters are published: not a byte-pair vocabulary",
      );
    }
    const { vocabulary } = await loadTextDataset(config.dataset, { directory });
    return vocabulary.characters.join("");
  },
};
