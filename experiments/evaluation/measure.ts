/** All that is measured on generated pictures, each number beside what real ones reach. */
import { gatherImages, type ImageDataset } from "../../data/mod.ts";
import { type Engine, type Parameters, permutation, UserError } from "../../engine/mod.ts";
import { FEATURE_COUNT } from "../../models/image/mod.ts";
import type { ImageEvaluationResults } from "../types.ts";
import { classifierOf, classOf, type Judgement, valuesIn } from "./classifier.ts";
import { frechetDistance, momentsOf } from "./frechet.ts";
import { LEAST_COUNT } from "./settings.ts";
import { nearestTrainingDistances } from "./nearest_training.ts";
import { precisionRecall } from "./neighbours.ts";

/** Times that real images are drawn to compare with. */
export const DRAWS = 5;

/** Two sets of held-out images without a common one, by index in the test set. */
export interface Draw {
  readonly reference: Uint32Array;
  readonly other: Uint32Array;
}

/** The most pictures, up to `wanted`, that two sets of held-out images can be compared with. */
export function largestCount({ test }: ImageDataset, wanted: number): number {
  return Math.min(wanted, Math.max(LEAST_COUNT, Math.floor(test.count / 2)));
}

/**
 * Random draws, because a test set need not be in random order: MNIST's first 5,000 are cleaner than
 * its last. They depend on the counts alone, so that all evaluations of `count` pictures are compared
 * with the same real ones.
 *
 * @param field What the caller's field for the count is called, for the message.
 * @throws {UserError} If there are too few images for two sets.
 */
export function referenceDraws(dataset: ImageDataset, count: number, field = "count"): Draw[] {
  const available = dataset.test.count;
  if (available < 2 * LEAST_COUNT) {
    throw new UserError(
      `${dataset.title} has ${available} held-out images, and measuring takes two sets of at least ` +
        `${LEAST_COUNT}: add pictures until ${
          2 * LEAST_COUNT
        } are held out, a tenth of a folder's, ` +
        "and train a new run",
    );
  }
  if (2 * count > available) {
    throw new UserError(
      `${field} is ${count}, but ${dataset.title} has ${available} held-out images and two sets of ` +
        `as many are needed: use at most ${Math.floor(available / 2)}`,
    );
  }
  return Array.from({ length: DRAWS }, (_, step) => {
    const order = permutation({ seed: 0, stream: "evaluation-draw", step }, available);
    return { reference: order.subarray(0, count), other: order.subarray(count, 2 * count) };
  });
}

/** Generated pictures and the classes that were asked for, the number of classes for none. */
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

/** The distance and its floor over the draws, each pair to the same reference. */
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
  const [distance, floor] = [
    spread(pairs.map((p) => p.distance)),
    spread(pairs.map((p) => p.floor)),
  ];
  return {
    distance: distance.mean,
    distanceSd: distance.sd,
    floor: floor.mean,
    floorSd: floor.sd,
    draws: draws.length,
  };
}

function spread(values: readonly number[]): { mean: number; sd: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / (values.length - 1)) };
}

/** Means over the pictures; null where no class was asked for. */
function conditionalScores(
  judged: Judgement,
  asked: readonly number[],
  classes: number,
): Pick<ImageEvaluationResults, "accuracy" | "targetProbability"> {
  if (asked.includes(classes)) return { accuracy: null, targetProbability: null };
  const mean = (score: (target: number, i: number) => number) =>
    asked.reduce((sum, target, i) => sum + score(target, i), 0) / judged.count;
  return {
    accuracy: mean((target, i) => Number(classOf(judged, i) === target)),
    targetProbability: mean((target, i) => judged.probabilities[i * classes + target]!),
  };
}

/** Shares of the predicted classes and their entropy in nats: ln 10 = 2.303 if ten are equal. */
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

/** @param sorted In rising order. */
function median(sorted: Float64Array): number {
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
}
