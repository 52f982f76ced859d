/** The metrics of generated images, each with the value that real images reach. */
import { gatherImages, type ImageDataset } from "../../data/mod.ts";
import { RefusedValue } from "../../engine/host/mod.ts";
import { type Engine, type Parameters, permutation, UserError } from "../../engine/mod.ts";
import { FEATURE_COUNT } from "../../models/image_classifier.ts";
import { spreadOf } from "../common/statistics.ts";
import { classifierOf, classOf, type Judgement } from "./classifier.ts";
import { valuesIn } from "./pictures.ts";
import { type ImageEvaluationResults, LEAST_EVALUATED } from "./requests.ts";
import { nearestTrainingDistances, precisionRecall } from "./neighbours.ts";
import { covariance, EigenvalueDecomposition, Matrix } from "ml-matrix";

/** Number of random draws of real images to compare with. */
export const DRAWS = 5;

/** Two disjoint sets of held-out images, by index in the test set. */
export interface Draw {
  readonly reference: Uint32Array;
  readonly other: Uint32Array;
}

/** Returns the largest number of images, up to `wanted`, for which there are two sets of held-out images. */
export function largestCount({ test }: ImageDataset, wanted: number): number {
  return Math.min(wanted, Math.max(LEAST_EVALUATED, Math.floor(test.count / 2)));
}

/**
 * Draws sets of real images at random, because a test set may be sorted: the first 5,000 images of MNIST are
 * cleaner than the last. The draws depend on the counts only, so that all evaluations of `count` images use
 * the same real images.
 *
 * @param field Name of the field of the count, for the error message.
 * @throws {UserError} If there are too few images for two sets.
 */
export function referenceDraws(dataset: ImageDataset, count: number, field = "count"): Draw[] {
  const available = dataset.test.count;
  if (available < 2 * LEAST_EVALUATED) {
    throw new UserError(
      `${dataset.title} has ${available} held-out images, and measuring takes two sets of at least ` +
        `${LEAST_EVALUATED}: add pictures until ${
          2 * LEAST_EVALUATED
        } are held out, a tenth of a folder's, ` +
        "and train a new run",
    );
  }
  if (2 * count > available) {
    throw new RefusedValue((name) =>
      `${
        name(field)
      } is ${count}, but ${dataset.title} has ${available} held-out images and two sets of ` +
      `as many are needed: use ${LEAST_EVALUATED} to ${Math.floor(available / 2)}`
    );
  }
  return Array.from({ length: DRAWS }, (_, step) => {
    const order = permutation({ seed: 0, stream: "evaluation-draw", step }, available);
    return { reference: order.subarray(0, count), other: order.subarray(count, 2 * count) };
  });
}

/** Generated images and their requested classes; "no class" is the number of classes. */
export interface Generated {
  readonly images: Float32Array;
  readonly classes: readonly number[];
}

export async function measurePictures(
  engine: Engine,
  weights: Parameters,
  dataset: ImageDataset,
  { images, classes }: Generated,
  report: (message: string) => void,
): Promise<ImageEvaluationResults> {
  const draws = referenceDraws(dataset, classes.length);
  const classifier = await classifierOf(engine, weights, dataset);
  report("Classifying");
  const generated = await classifier.judge(images);
  const all = Array.from({ length: dataset.test.count }, (_, i) => i);
  const real = await classifier.judge(gatherImages(dataset.test, valuesIn(dataset), all));
  await classifier.dispose();
  report("Comparing features");
  const [first] = draws as [Draw];
  const referenceFeatures = rowsOf(real, first.reference);
  const otherFeatures = rowsOf(real, first.other);
  const balance = classBalance(generated);
  return {
    frechet: frechetOver(draws, generated, real),
    ...conditionalScores(generated, classes, dataset.classes),
    classEntropy: balance.entropy,
    realClassEntropy: classBalance(real).entropy,
    classShares: balance.shares,
    ...precisionRecall(referenceFeatures, generated.features, FEATURE_COUNT),
    real: precisionRecall(referenceFeatures, otherFeatures, FEATURE_COUNT),
    nearestTraining: await compareNearest(engine, dataset, images, first, report),
  };
}

function rowsOf({ features }: Judgement, indices: Uint32Array): Float32Array {
  const rows = new Float32Array(indices.length * FEATURE_COUNT);
  indices.forEach((index, i) =>
    rows.set(
      features.subarray(index * FEATURE_COUNT, (index + 1) * FEATURE_COUNT),
      i * FEATURE_COUNT,
    )
  );
  return rows;
}

/** Returns the Fréchet distance and its floor, averaged over the draws. */
function frechetOver(
  draws: readonly Draw[],
  generated: Judgement,
  real: Judgement,
): ImageEvaluationResults["frechet"] {
  const made = momentsOf(generated.features, FEATURE_COUNT);
  const moments = (indices: Uint32Array) => momentsOf(rowsOf(real, indices), FEATURE_COUNT);
  const pairs = draws.map(({ reference, other }) => {
    const expected = moments(reference);
    return {
      distance: frechetDistance(expected, made),
      floor: frechetDistance(expected, moments(other)),
    };
  });
  const distance = spreadOf(pairs.map((pair) => pair.distance));
  const floor = spreadOf(pairs.map((pair) => pair.floor));
  return {
    distance: distance.mean,
    distanceSd: distance.sd,
    floor: floor.mean,
    floorSd: floor.sd,
    draws: draws.length,
  };
}

/** Returns class-conditional scores, averaged over the images; null without requested classes. */
function conditionalScores(
  judged: Judgement,
  labels: readonly number[],
  classes: number,
): Pick<ImageEvaluationResults, "accuracy" | "targetProbability"> {
  if (labels.includes(classes)) return { accuracy: null, targetProbability: null };
  const mean = (score: (target: number, i: number) => number) =>
    labels.reduce((sum, target, i) => sum + score(target, i), 0) / judged.count;
  return {
    accuracy: mean((target, i) => Number(classOf(judged, i) === target)),
    targetProbability: mean((target, i) => judged.probabilities[i * classes + target]!),
  };
}

/** Returns the shares of the predicted classes and their entropy in nats (ln 10 = 2.303 for ten equal shares). */
export function classBalance(
  judged: Pick<Judgement, "probabilities" | "count">,
): { shares: number[]; entropy: number } {
  const { probabilities, count } = judged;
  const shares = Array<number>(probabilities.length / count).fill(0);
  for (let i = 0; i < count; i++) {
    const predicted = classOf(judged, i);
    shares[predicted] = shares[predicted]! + 1 / count;
  }
  const entropy = shares.reduce((sum, share) => share > 0 ? sum - share * Math.log(share) : sum, 0);
  return { shares, entropy };
}

async function compareNearest(
  engine: Engine,
  dataset: ImageDataset,
  images: Float32Array,
  { other }: Draw,
  report: (message: string) => void,
): Promise<ImageEvaluationResults["nearestTraining"]> {
  const held = gatherImages(dataset.test, valuesIn(dataset), other);
  const both = new Float32Array(images.length + held.length);
  both.set(images);
  both.set(held, images.length);
  report("Looking for the nearest training images");
  const distances = await nearestTrainingDistances(engine, dataset.train, valuesIn(dataset), both);
  const made = distances.slice(0, other.length).sort();
  const real = distances.slice(other.length).sort();
  const near = real[Math.floor(real.length / 100)]!;
  return {
    median: median(made),
    realMedian: median(real),
    copies: made.filter((distance) => distance < near).length / made.length,
  };
}

/** @param sorted Values in ascending order. */
function median(sorted: Float64Array): number {
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
}

/** Mean and covariance of a set of feature vectors. */
export interface Moments {
  readonly mean: readonly number[];
  /** Unbiased covariance, divided by count − 1. */
  readonly covariance: Matrix;
}

/** @param features Row-major [count, dimensions], with at least two rows. */
export function momentsOf(features: ArrayLike<number>, dimensions: number): Moments {
  const count = features.length / dimensions;
  if (!Number.isInteger(count) || count < 2) {
    throw new RangeError(
      `Internal: ${features.length} features are not two or more rows of ${dimensions}`,
    );
  }
  const rows = Matrix.from1DArray(count, dimensions, Array.from(features));
  return { mean: rows.mean("column"), covariance: covariance(rows) };
}

/**
 * |m₁ − m₂|² + tr(C₁ + C₂ − 2 (C₁C₂)^½), the squared 2-Wasserstein distance of two normal
 * distributions with these moments (Dowson & Landau 1982; Heusel et al. 2017 for images).
 *
 * C₁C₂ has the eigenvalues of C₁^½ C₂ C₁^½, which is symmetric: two symmetric decompositions, also
 * where covariances are singular. Unit: features squared. Lower is better, 0 is least. It is biased
 * upwards by the finite count, and so comparable only at the same count and in the same features.
 */
export function frechetDistance(first: Moments, second: Moments): number {
  const shift = first.mean.reduce((sum, mean, i) => sum + (mean - second.mean[i]!) ** 2, 0);
  const trace = first.covariance.trace() + second.covariance.trace();
  const { values, vectors } = symmetricEigen(first.covariance);
  const half = vectors.mulRowVector(values.map(rootOf));
  const between = half.transpose().mmul(second.covariance).mmul(half);
  const overlap = symmetricEigen(between).values.reduce((sum, value) => sum + rootOf(value), 0);
  // Rounding may make it negative.
  return Math.max(0, shift + trace - 2 * overlap);
}

/** Returns the square root of an eigenvalue that may be negative due to rounding. */
function rootOf(eigenvalue: number): number {
  return Math.sqrt(Math.max(eigenvalue, 0));
}

/** Returns the eigenvalues and, in columns, the eigenvectors of a symmetric matrix. */
function symmetricEigen(matrix: Matrix): { values: number[]; vectors: Matrix } {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  return { values: realEigenvalues, vectors: eigenvectorMatrix };
}
