/** Images as the trainer sees them. */
import { compileStep, trainingStep } from "../../models/steps/mod.ts";
import type { ImageConfig } from "../config.ts";
import { objectiveFor } from "../objective.ts";
import type { Subject, SubjectOptions } from "../training/subject.ts";
import { pixelwiseDenoisingError } from "./baseline.ts";
import { batchSource, isWeighted } from "./batch.ts";
import { loadPictures } from "./dataset.ts";
import { measureOnTheWay } from "./measuring.ts";
import { networkOf } from "./network.ts";
import { pictureFacts } from "./pictures.ts";
import { sampleOnTheWay } from "./samples.ts";
import { validationOf } from "./validation.ts";

/** PyTorch's defaults. */
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** @throws {UserError} As {@link openSubject} does. */
export async function imageSubject(config: ImageConfig, options: SubjectOptions): Promise<Subject> {
  const dataset = await loadPictures(config, options);
  const network = networkOf(config, dataset);
  return {
    data: dataset,
    pictures: pictureFacts(dataset),
    parameters: network.parameters,
    parameterCount: network.parameterCount,
    adam: ADAM,
    speed: "images_per_second",
    trivialError: () => pixelwiseDenoisingError(dataset),
    batch: batchSource(config, dataset, network.noClass),
    compile: (engine, replicas) =>
      compileStep(
        engine,
        trainingStep(network, objectiveFor(config), {
          weighted: isWeighted(config),
          selfCondition: config.self_condition,
        }),
        { batch: config.batch_size, outputs: "mean", replicas },
      ),
    validation: (engine) => validationOf(engine, network, config, dataset),
    sampler: (context) => sampleOnTheWay(network, dataset, context),
    measurer: (context) => measureOnTheWay(network, dataset, context),
  };
}
