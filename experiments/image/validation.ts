/**
 * Validation: the same 256 images (a smaller data set's fewer, over and over), noise and noise levels for every run whatever its seed, schedule
 * and target, so that its denoising error ranks runs.
 */
import { gatherImages, type ImageDataset } from "../../data/mod.ts";
import type { Arrays, Engine, Program } from "../../engine/mod.ts";
import { normals } from "../../engine/mod.ts";
import { noiseInputs } from "../../models/diffusion/mod.ts";
import { compileStep, inputArrays, validationStep } from "../../models/steps/mod.ts";
import type { ImageNetwork } from "../../models/image/mod.ts";
import type { ImageConfig } from "../config.ts";
import { objectiveFor, scheduleOf } from "../objective.ts";
import type { Validation, ValidationMetrics } from "../training/subject.ts";
import { trainingCount, VALIDATION_IMAGES, validationCount } from "./batch.ts";

/** γ of the levels at which denoising is measured, from clean to noisy; two to each quarter. */
export const VALIDATION_GAMMAS: readonly number[] = Array.from(
  { length: 8 },
  (_, i) => -6 + i * 12 / 7,
);
/** Every image is looked at at this many of the levels, in turn, which keeps validation short. */
const LEVELS_PER_IMAGE = 2;
const BATCH = 64;

/** The validation of a configuration's network; it is compiled when it first runs. */
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
        { batch: BATCH, outputs: "concat" },
      );
      const weights = inputArrays(ema);
      const objective = await measure(program, weights, own);
      const denoising = await measure(program, weights, levels);
      return {
        validation_loss: meanOf(objective.loss),
        ...denoisingMetrics(denoising.denoisingMse, levels.gammas),
      };
    },
  };
}

/** Images to denoise, each at its own noise level. */
interface Examples {
  readonly gammas: Float64Array;
  readonly batches: readonly Arrays[];
}

/** γ of each example: the images over and over, every time shifted by half of the levels. */
function levelsInTurn(): Float64Array {
  const shift = VALIDATION_GAMMAS.length / LEVELS_PER_IMAGE;
  return Float64Array.from({ length: VALIDATION_IMAGES * LEVELS_PER_IMAGE }, (_, i) => {
    const round = Math.floor(i / VALIDATION_IMAGES);
    return VALIDATION_GAMMAS[(i + round * shift) % VALIDATION_GAMMAS.length]!;
  });
}

function examplesOver(dataset: ImageDataset, gammas: Float64Array): Examples {
  const exampleSize = dataset.height * dataset.width * dataset.channels;
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
  const quarter = (q: number) =>
    meanOf(errors.filter((_, i) => Math.floor(VALIDATION_GAMMAS.indexOf(gammas[i]!) / 2) === q));
  return {
    denoising_mse: meanOf(errors),
    denoising_mse_q0: quarter(0),
    denoising_mse_q1: quarter(1),
    denoising_mse_q2: quarter(2),
    denoising_mse_q3: quarter(3),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
