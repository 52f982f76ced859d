/**
 * Batches of images for training, and the validation losses of a run on images.
 *
 * Validation uses the same 256 images (fewer, repeated, for a smaller data set), noise and noise levels for
 * every run, whatever its seed, schedule and target, so that the denoising error is comparable.
 *
 * A training batch is a function of the configuration, the data and the step only, so a resumed run is
 * trained on the same batches as an uninterrupted one.
 */
import { gatherImages, type ImageDataset } from "../../data/mod.ts";
import {
  type Arrays,
  type Engine,
  normals,
  permutation,
  type Program,
  uniforms,
} from "../../engine/mod.ts";
import {
  alphaSigma,
  lossWeights,
  noiseInputs,
  stratifiedTimes,
  trainingLevel,
} from "../../models/diffusion/mod.ts";
import {
  compileStep,
  inputArrays,
  type NoiseInput,
  validationStep,
} from "../../models/steps/mod.ts";
import type { ImageNetwork } from "../../models/image/mod.ts";
import { mean } from "../common/statistics.ts";
import type { BatchOptions, Validation, ValidationMetrics } from "../run/modality.ts";
import {
  pixelMoments,
  trainingCount,
  VALIDATION_IMAGES,
  validationCount,
  valuesIn,
} from "./pictures.ts";
import { type ImageConfig, objectiveFor, scheduleOf, weightOptions } from "./config.ts";

/** The noise levels γ at which denoising is measured, ascending; two for each quarter. */
export const VALIDATION_GAMMAS: readonly number[] = Array.from(
  { length: 8 },
  (_, i) => -6 + i * 12 / 7,
);
/** Number of levels at which each image is measured. */
const LEVELS_PER_IMAGE = 2;
const BATCH = 64;
/** Number of examples that are computed at once, to limit memory during training. */
const AT_ONCE = 16;

/** Returns the validation of a configuration; it is compiled when it first runs. */
export function validationOf(
  engine: Engine,
  network: ImageNetwork,
  config: ImageConfig,
  dataset: ImageDataset,
): Validation {
  const ownTimes = Float64Array.from(
    { length: VALIDATION_IMAGES },
    (_, i) => (i + 0.5) / VALIDATION_IMAGES,
  );
  const own = examplesOver(dataset, ownTimes.map(scheduleOf(config).gamma));
  const levels = examplesOver(dataset, levelsInTurn());
  let program: Program | undefined;
  return {
    async run(ema) {
      program ??= await compileStep(
        engine,
        validationStep(network, objectiveFor(config), { clip: [-1, 1] }),
        { batch: BATCH, outputs: "concat", atOnce: AT_ONCE },
      );
      const weights = inputArrays(ema);
      const objective = await measure(program, weights, own);
      const denoising = await measure(program, weights, levels);
      return {
        validation_loss: mean(objective.loss),
        ...denoisingMetrics(denoising.denoisingMse, levels.gammas),
      };
    },
  };
}

/** Images with a noise level each. */
interface Examples {
  readonly gammas: Float64Array;
  readonly batches: readonly Arrays[];
}

/** Returns γ of each example: the levels in turn, shifted by half of them for every repetition of the images. */
function levelsInTurn(): Float64Array {
  const shift = VALIDATION_GAMMAS.length / LEVELS_PER_IMAGE;
  return Float64Array.from({ length: VALIDATION_IMAGES * LEVELS_PER_IMAGE }, (_, i) => {
    const round = Math.floor(i / VALIDATION_IMAGES);
    return VALIDATION_GAMMAS[(i + round * shift) % VALIDATION_GAMMAS.length]!;
  });
}

function examplesOver(dataset: ImageDataset, gammas: Float64Array): Examples {
  const exampleSize = valuesIn(dataset);
  const first = trainingCount(dataset);
  const kept = validationCount(dataset);
  const noise = normals(
    { seed: 0, stream: "validation-noise", step: 0 },
    gammas.length * exampleSize,
  );
  const batches = Array.from({ length: gammas.length / BATCH }, (_, batch) => {
    const from = batch * BATCH;
    const indices = Array.from({ length: BATCH }, (_, i) => first + (from + i) % kept);
    return {
      x: gatherImages(dataset.train, exampleSize, indices),
      eps: noise.slice(from * exampleSize, (from + BATCH) * exampleSize),
      ...noiseInputs(gammas.subarray(from, from + BATCH)),
      labels: Int32Array.from(indices, (index) => dataset.train.labels[index]!),
    };
  });
  return { gammas, batches };
}

async function measure(
  program: Program,
  weights: Arrays,
  { batches }: Examples,
): Promise<{ loss: number[]; denoisingMse: number[] }> {
  const loss: number[] = [], denoisingMse: number[] = [];
  for (const batch of batches) {
    const outputs = await program.run({ ...weights, ...batch });
    loss.push(...outputs.loss!);
    denoisingMse.push(...outputs.denoising_mse!);
  }
  return { loss, denoisingMse };
}

function denoisingMetrics(errors: readonly number[], gammas: Float64Array): ValidationMetrics {
  const quarterOf = (i: number) => Math.floor(VALIDATION_GAMMAS.indexOf(gammas[i]!) / 2);
  const quarters = [0, 1, 2, 3].map((q) =>
    [`denoising_mse_q${q}`, mean(errors.filter((_, i) => quarterOf(i) === q))] as const
  );
  return { denoising_mse: mean(errors), ...Object.fromEntries(quarters) };
}

/**
 * Returns the baseline: the denoising error of the best linear estimate of every pixel from its own noisy
 * value. With a pixel's mean m and variance s² over the training images, the estimate at z = αx + σε
 * is m + k (z − αm) with k = αs²/(α²s² + σ²) (a Wiener filter for each pixel). Its expected
 * squared error on a validation pixel x is (1 − kα)² (x − m)² + k² σ², averaged here over pixels,
 * validation images and {@link VALIDATION_GAMMAS}.
 */
export function pixelwiseDenoisingError(dataset: ImageDataset): number {
  const { means, variances } = pixelMoments(dataset);
  const deviations = validationDeviations(dataset, means);
  const errors = VALIDATION_GAMMAS.map((gamma) => {
    const { alpha, sigma } = alphaSigma(gamma);
    return meanOver(means.length, (j) => {
      const k = alpha * variances[j]! / (alpha ** 2 * variances[j]! + sigma ** 2);
      return (1 - k * alpha) ** 2 * deviations[j]! + k ** 2 * sigma ** 2;
    });
  });
  return mean(errors);
}

/** Returns the mean of (x − m)² over the validation images for every pixel. */
function validationDeviations(dataset: ImageDataset, means: Float64Array): Float64Array {
  const first = trainingCount(dataset);
  const kept = validationCount(dataset);
  return means.map((center, j) =>
    meanOver(kept, (i) => {
      const value = dataset.train.pixels[(first + i) * means.length + j]! / 127.5 - 1;
      return (value - center) ** 2;
    })
  );
}

function meanOver(count: number, value: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += value(i);
  return sum / count;
}

/** Returns the inputs of a training step, except for the parameters. */
export type BatchSource = (step: number, options?: BatchOptions) => Arrays;

/** The noise of training batches. */
export function trainingNoise({ seed }: ImageConfig): NoiseInput {
  return { name: "eps", seed, stream: "noise" };
}

/** @throws {UserError} If the data set is too small for a batch and the validation images. */
export function batchSource(
  config: ImageConfig,
  dataset: ImageDataset,
  noClass: number,
): BatchSource {
  const { seed, batch_size: size, label_dropout } = config;
  const { train } = dataset;
  const exampleSize = valuesIn(dataset);
  const indicesAt = indexSource(seed, size, trainingCount(dataset));
  const gammaAt = trainingLevel(scheduleOf(config), config.time_sampling);
  const noise = trainingNoise(config);
  return (step, { withoutNoise = false } = {}) => {
    const indices = indicesAt(step);
    const [offset] = uniforms({ seed, stream: "time", step }, 1);
    const u = stratifiedTimes(offset!, size);
    const hide = uniforms({ seed, stream: "label-dropout", step }, size);
    return {
      x: gatherImages(train, exampleSize, indices),
      ...(withoutNoise
        ? {}
        : { [noise.name]: normals({ seed, stream: noise.stream, step }, size * exampleSize) }),
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

/** Whether the training step has the input `weight`; with the uniform weighting all weights are 1. */
export function isWeighted({ weighting }: ImageConfig): boolean {
  return weighting !== "uniform";
}

/** Iterates over all images in a new random order in every epoch; a batch may span two epochs. */
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
