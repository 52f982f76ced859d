/** Text as the trainer sees it. */
import { loadTextDataset } from "../../data/mod.ts";
import { DENSITY, EMBEDDINGS, textTrainingStep } from "../../models/text/network/mod.ts";
import type { TextConfig } from "../config.ts";
import type { Subject, SubjectOptions, TrainingStep } from "../training/subject.ts";
import { baselinesFor } from "./baselines.ts";
import { textBatchSource } from "./batch.ts";
import { isAdaptive, networkOf, stepOptions } from "./network.ts";
import { replicasOf, windowSignature } from "./signature.ts";
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
  const step: TrainingStep = {
    fn: textTrainingStep(network, stepOptions(config)),
    inputs: windowSignature(network, config.batch_size),
  };
  return {
    data: dataset,
    parameters: network.parameters,
    parameterCount: network.parameterCount,
    adam: ADAM,
    ...(network.options.noisy
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
    isHidden: (name) => /^block\d+\.(attend|mlp)\..*\.?weight$/.test(name),
    speed: "windows_per_second",
    trivialError: (workspace) => baselinesFor(workspace, dataset).ngrams[1]!,
    batch: textBatchSource(config, dataset),
    batchFollowsParameters: isAdaptive(config),
    step,
    compile: (engine, replicas) =>
      engine.compile(step.fn, step.inputs, {
        replicas: replicasOf(step.inputs, replicas, "mean"),
      }),
    validation: (engine) => textValidation(engine, network, config, dataset),
    sampler: (context) => writeOnTheWay(network, config, dataset, context),
  };
}
