/** Images as the trainer sees them. */
import type { ImageDataset } from "../../data/mod.ts";
import { trainingStep } from "../../models/diffusion/mod.ts";
import type { ImageNetwork } from "../../models/image/mod.ts";
import type { ImageConfig } from "../config.ts";
import { objectiveFor } from "../objective.ts";
import type { Subject, SubjectOptions, TrainingStep } from "../training/subject.ts";
import { pixelwiseDenoisingError } from "./baseline.ts";
import { batchSource, isWeighted } from "./batch.ts";
import { loadPictures } from "./dataset.ts";
import { measureOnTheWay } from "./measuring.ts";
import { networkOf } from "./network.ts";
import { pictureFacts } from "./pictures.ts";
import { sampleOnTheWay } from "./samples.ts";
import { replicasOf, stepSignature } from "./signature.ts";
import { validationOf } from "./validation.ts";

/** PyTorch's defaults. */
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** First and last layers, and what conditions the others: AdamW's under every optimiser. */
const NOT_HIDDEN = /^(enter|leave|stem|head|condition)\.|\.modulation\./;

/** @throws {UserError} As {@link openSubject} does. */
export async function imageSubject(config: ImageConfig, options: SubjectOptions): Promise<Subject> {
  const dataset = await loadPictures(config, options);
  const network = networkOf(config, dataset);
  const hidden = new Set(
    network.parameters
      .filter(({ name, shape }) => shape.length > 1 && !NOT_HIDDEN.test(name))
      .map(({ name }) => name),
  );
  const step = stepOf(config, network, dataset);
  return {
    data: dataset,
    pictures: pictureFacts(dataset),
    parameters: network.parameters,
    parameterCount: network.parameterCount,
    adam: ADAM,
    isHidden: (name) => hidden.has(name),
    speed: "images_per_second",
    trivialError: () => pixelwiseDenoisingError(dataset),
    batch: batchSource(config, dataset, network.noClass),
    batchFollowsParameters: false,
    step,
    compile: (engine, replicas) =>
      engine.compile(step.fn, step.inputs, {
        replicas: replicasOf(step.inputs, replicas, "mean"),
      }),
    validation: (engine) => validationOf(engine, network, config, dataset),
    sampler: (context) => sampleOnTheWay(network, dataset, context),
    measurer: (context) => measureOnTheWay(network, dataset, context),
  };
}

function stepOf(config: ImageConfig, network: ImageNetwork, dataset: ImageDataset): TrainingStep {
  const weighted = isWeighted(config);
  return {
    fn: trainingStep(network, objectiveFor(config), {
      weighted,
      selfCondition: config.self_condition,
    }),
    inputs: stepSignature(network.parameters, config.batch_size, dataset, weighted),
  };
}
