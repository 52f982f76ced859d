/** Text as the trainer sees it. */
import { loadTextDataset } from "../../data/mod.ts";
import { compileStep } from "../../models/steps/mod.ts";
import { DENSITY, EMBEDDINGS, textTrainingStep } from "../../models/text/network/mod.ts";
import type { TextConfig } from "../config.ts";
import type { Subject, SubjectOptions } from "../training/subject.ts";
import { baselinesFor } from "./baselines.ts";
import { textBatchSource } from "./batch.ts";
import { networkOf, stepOptions } from "./network.ts";
import { writeOnTheWay } from "./samples.ts";
import { textValidation } from "./validation.ts";

/** It has a value of its own to find, and nothing but its own error to fear. */
const DENSITY_TREATMENT = { learningRateFactor: 10, weightDecay: 0 };

const ADAM = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8 };

/** @throws {UserError} As {@link openSubject} does. */
export async function textSubject(config: TextConfig, options: SubjectOptions): Promise<Subject> {
  const dataset = await loadTextDataset(config.dataset, {
    ...options,
    context: config.context,
    vocabularySize: config.vocabulary_size,
  });
  const network = networkOf(config, dataset.tokenized.vocabulary.size);
  return {
    data: dataset,
    parameters: network.parameters,
    parameterCount: network.parameterCount,
    adam: ADAM,
    ...(network.denoiser
      ? {
        treatments: {
          [EMBEDDINGS]: {
            learningRateFactor: config.embedding_learning_rate / config.learning_rate,
            weightDecay: 0,
          },
          ...(network.options.adaptive ? { [DENSITY]: DENSITY_TREATMENT } : {}),
        },
      }
      : {}),
    speed: "windows_per_second",
    trivialError: (workspace) => baselinesFor(workspace, dataset).ngrams[1]!,
    batch: textBatchSource(config, dataset),
    compile: (engine, replicas) =>
      compileStep(
        engine,
        textTrainingStep(network, stepOptions(config)),
        { batch: config.batch_size, outputs: "mean", replicas },
      ),
    validation: (engine) => textValidation(engine, network, config, dataset),
    sampler: (context) => writeOnTheWay(network, config, dataset, context),
  };
}
