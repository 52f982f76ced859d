/**
 * What a training step sees, as a function of the configuration, the data and the step alone: no
 * state, so a resumed run sees what an uninterrupted one would have seen.
 */
import { gatherImages, type ImageDataset } from "../../data/mod.ts";
import { type Arrays, normals, permutation, uniforms, UserError } from "../../engine/mod.ts";
import {
  lossWeights,
  noiseInputs,
  stratifiedTimes,
  trainingLevel,
} from "../../models/diffusion/mod.ts";
import type { ImageConfig } from "../config/mod.ts";
import { objectiveFor, scheduleOf, weightOptions } from "./objective.ts";

/** Images at the end of a large enough training set that are kept for validation. */
export const VALIDATION_IMAGES = 256;

/** Makes the inputs of the training step, besides the parameters, for any step. */
export type BatchSource = (step: number) => Arrays;

/** @throws {UserError} If the data set is too small for a batch beside the validation images. */
export function batchSource(
  config: ImageConfig,
  dataset: ImageDataset,
  noClass: number,
): BatchSource {
  const { seed, batch_size: size, label_dropout } = config;
  const { train } = dataset;
  const exampleSize = dataset.height * dataset.width * dataset.channels;
  const indicesAt = indexSource(seed, size, trainingCount(dataset));
  const gammaAt = trainingLevel(scheduleOf(config), config.time_sampling);
  return (step) => {
    const indices = indicesAt(step);
    const [offset] = uniforms({ seed, stream: "time", step }, 1);
    const u = stratifiedTimes(offset!, size);
    const hide = uniforms({ seed, stream: "label-dropout", step }, size);
    return {
      x: gatherImages(train, exampleSize, indices),
      eps: normals({ seed, stream: "noise", step }, size * exampleSize),
      ...noiseInputs(u.map(gammaAt)),
      ...(isWeighted(config)
        ? {
          weight: lossWeights(
            config.weighting,
            objectiveFor(config),
            gammaAt,
            u,
            weightOptions(config),
          ),
        }
        : {}),
      labels: Int32Array.from(
        indices,
        (index, i) => hide[i]! < label_dropout ? noClass : train.labels[index]!,
      ),
    };
  };
}

/** Whether the training step takes the input `weight`; uniform weights are all one. */
export function isWeighted({ weighting }: ImageConfig): boolean {
  return weighting !== "uniform";
}

/** Images at the end of the training set that are kept for validation: {@link VALIDATION_IMAGES}, but
 * of a small set no more than a tenth, and at least one. */
export function validationCount({ train }: Pick<ImageDataset, "train">): number {
  return Math.min(VALIDATION_IMAGES, Math.max(1, Math.floor(train.count / 10)));
}

/** Images that are trained on: all but those for validation. */
export function trainingCount(dataset: ImageDataset): number {
  const kept = validationCount(dataset);
  const count = dataset.train.count - kept;
  if (count < 1) {
    throw new UserError(
      `${dataset.title} has ${dataset.train.count} training images, of which ${kept} must be kept ` +
        "for validation: use a larger data set",
    );
  }
  return count;
}

/** Goes through all images in a new random order in every epoch; batches may straddle two epochs. */
function indexSource(seed: number, size: number, count: number): (step: number) => Uint32Array {
  let known: { epoch: number; order: Uint32Array } | undefined;
  const orderOf = (epoch: number): Uint32Array => {
    if (known?.epoch !== epoch) {
      known = { epoch, order: permutation({ seed, stream: "batch", step: epoch }, count) };
    }
    return known.order;
  };
  return (step) =>
    Uint32Array.from({ length: size }, (_, i) => {
      const position = step * size + i;
      return orderOf(Math.floor(position / count))[position % count]!;
    });
}
