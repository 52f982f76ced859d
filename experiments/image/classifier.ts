/** The classifier that evaluates images: its features and its training. */
import {
  adamWStep,
  createAdamW,
  encodeSafetensors,
  type Engine,
  integers,
  learningRateAt,
  type OptimizerState,
  type Parameters,
  permutation,
  type SafeTensor,
  tf,
} from "../../engine/mod.ts";
import type { ImageShape } from "../../models/image/mod.ts";
import {
  type ClassifierNetwork,
  classifierNetwork,
  FEATURE_COUNT,
} from "../../models/image_classifier.ts";
import { gatherImages, type ImageDataset, type ImageSplit } from "../../data/mod.ts";
import { initialParameters } from "../../models/layers/mod.ts";
import {
  compileStep,
  inputArrays,
  lossAndGradients,
  perExampleInput,
  type Step,
} from "../../models/steps/mod.ts";
import { valuesIn } from "./pictures.ts";

const BATCH = 200;

/** The output of the classifier for images. */
export interface Judgement {
  readonly count: number;
  /** [count, 64] */
  readonly features: Float32Array;
  /** [count, classes]; every row sums to 1. */
  readonly probabilities: Float32Array;
}

export interface Classifier {
  /** @param images [count, height, width, channels] in [−1, 1]. */
  judge(images: Float32Array): Promise<Judgement>;
  dispose(): Promise<void>;
}

/** Compiles the classifier for an image shape, with its weights as constants. */
export async function classifierOf(
  engine: Engine,
  parameters: Parameters,
  shape: ImageShape,
): Promise<Classifier> {
  const { height, width, channels, classes } = shape;
  const length = valuesIn(shape);
  const network = classifierNetwork(shape);
  const step: Step = {
    parameters: network.parameters,
    inputs: { images: perExampleInput([height, width, channels]) },
    apply(inputs) {
      const { features, logits } = network.apply(inputs, inputs.images!);
      return { features, probabilities: tf.softmax(logits) };
    },
  };
  const program = await compileStep(engine, step, {
    batch: BATCH,
    outputs: "concat",
    weights: parameters,
  });
  return {
    async judge(images) {
      const count = images.length / length;
      const features = new Float32Array(count * FEATURE_COUNT);
      const probabilities = new Float32Array(count * classes);
      for (let from = 0; from < count; from += BATCH) {
        const taken = Math.min(BATCH, count - from);
        const batch = new Float32Array(BATCH * length);
        batch.set(images.subarray(from * length, (from + taken) * length));
        const outputs = await program.run({ images: batch });
        const rows = (name: string, width: number) =>
          (outputs[name] as Float32Array).subarray(0, taken * width);
        features.set(rows("features", FEATURE_COUNT), from * FEATURE_COUNT);
        probabilities.set(rows("probabilities", classes), from * classes);
      }
      return { count, features, probabilities };
    },
    dispose: () => program.dispose(),
  };
}

/** Returns the most likely class of image `i`. */
export function classOf(
  { probabilities, count }: Pick<Judgement, "probabilities" | "count">,
  i: number,
): number {
  const classes = probabilities.length / count;
  const row = probabilities.subarray(i * classes, (i + 1) * classes);
  return row.indexOf(Math.max(...row));
}

export interface ClassifierTraining {
  readonly seed: number;
  readonly epochs: number;
  readonly onEpoch?: (epoch: number, loss: number) => void;
  /** Called after every step with the state, which is modified by the next step. */
  readonly onStep?: (state: ClassifierState, steps: number) => void;
  /** The state to resume from, bit for bit. It is modified. By default the initial state. */
  readonly from?: ClassifierState | undefined;
}

/** The training state: all that the next step depends on other than data, options, device and replicas. */
export interface ClassifierState {
  /** Number of completed steps. */
  readonly step: number;
  readonly parameters: Parameters;
  readonly optimizer: OptimizerState;
}

/** Number of images in a training step. */
export const CLASSIFIER_BATCH = 120;
/** Data augmentation: largest random shift along each axis as a fraction of the shorter side (2 of 28 pixels). */
const SHIFT = 1 / 14;
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, gradientClip: 1 };
const RATE = { learningRate: 2e-3, warmupSteps: 100, decay: "cosine", finalFraction: 0 } as const;

/** Returns the number of batches in an epoch; the last images of an epoch may be dropped. */
export function batchesPerEpoch(count: number): number {
  return Math.max(1, Math.floor(count / CLASSIFIER_BATCH));
}

/** Trains on randomly shifted training images. The result is determined by the data and the seed. */
export async function trainClassifier(
  engine: Engine,
  dataset: ImageDataset,
  { seed, epochs, onEpoch, onStep, from }: ClassifierTraining,
): Promise<Parameters> {
  const network = classifierNetwork(dataset);
  const parameters = from?.parameters ?? initialParameters(network.parameters, seed);
  const optimizer = from?.optimizer ?? createAdamW(parameters);
  const program = await compileStep(engine, classifierStep(network, dataset), {
    batch: CLASSIFIER_BATCH,
    outputs: "mean",
  });
  const perEpoch = batchesPerEpoch(dataset.train.count);
  const schedule = { ...RATE, steps: epochs * perEpoch };
  const orderOf = (epoch: number) =>
    permutation({ seed, stream: "classifier-batch", step: epoch }, dataset.train.count);
  const first = from?.step ?? 0;
  let order = orderOf(Math.floor(first / perEpoch));
  let total = 0;
  try {
    for (let step = first; step < schedule.steps; step++) {
      const i = step % perEpoch;
      if (i === 0) [order, total] = [orderOf(step / perEpoch), 0];
      // A data set that is smaller than a batch is repeated.
      const indices = Uint32Array.from(
        { length: CLASSIFIER_BATCH },
        (_, k) => order[(i * CLASSIFIER_BATCH + k) % order.length]!,
      );
      const batch = shiftedBatch(dataset, indices, seed, step);
      const outputs = await program.run({ ...inputArrays(parameters), ...batch });
      total += outputs.loss![0]!;
      const gradients = Object.fromEntries(
        Object.keys(parameters).map((name) => [name, outputs[`grad/${name}`] as Float32Array]),
      );
      const learningRate = learningRateAt(step, schedule);
      adamWStep(parameters, gradients, optimizer, { ...ADAM, learningRate });
      onStep?.({ step: step + 1, parameters, optimizer }, schedule.steps);
      if (i === perEpoch - 1) onEpoch?.((step + 1) / perEpoch, total / perEpoch);
    }
  } finally {
    await program.dispose();
  }
  return parameters;
}

/** Returns the accuracy of the classifier on a split. */
export async function accuracyOn(
  engine: Engine,
  parameters: Parameters,
  shape: ImageShape,
  split: ImageSplit,
): Promise<number> {
  const classifier = await classifierOf(engine, parameters, shape);
  const indices = Array.from({ length: split.count }, (_, i) => i);
  const judged = await classifier.judge(gatherImages(split, valuesIn(shape), indices));
  await classifier.dispose();
  return indices.filter((i) => classOf(judged, i) === split.labels[i]).length / split.count;
}

/** The outputs are `loss` [], the mean cross-entropy in nats, and `grad/<name>` for each parameter. */
function classifierStep(
  network: ClassifierNetwork,
  { height, width, channels, classes }: ImageShape,
): Step {
  return {
    parameters: network.parameters,
    inputs: {
      images: perExampleInput([height, width, channels]),
      labels: perExampleInput([], "int32"),
    },
    apply: (inputs) =>
      lossAndGradients(network.parameters, inputs, ({ images, labels, ...parameters }) => {
        const target = tf.oneHot(labels!, classes, 1, 0, "float32");
        const { logits } = network.apply(parameters, images!);
        const shifted = tf.sub(logits, tf.max(logits, 1, true));
        const logSum = tf.log(tf.sum(tf.exp(shifted), 1));
        return tf.mean(tf.sub(logSum, tf.sum(tf.mul(shifted, target), 1)));
      }),
  };
}

/** Shifts each example by a random number of whole pixels; the edges are filled with background. */
function shiftedBatch(
  { train, height, width, channels }: ImageDataset,
  indices: Uint32Array,
  seed: number,
  step: number,
) {
  const most = Math.round(SHIFT * Math.min(height, width));
  const moves = integers(
    { seed, stream: "classifier-shift", step },
    2 * indices.length,
    2 * most + 1,
  );
  const images = new Float32Array(indices.length * height * width * channels).fill(-1);
  indices.forEach((index, i) => {
    const [down, right] = [moves[2 * i]! - most, moves[2 * i + 1]! - most];
    // Whole rows of pixels with their channels are copied.
    const kept = (width - Math.abs(right)) * channels;
    for (let row = Math.max(0, -down); row < Math.min(height, height - down); row++) {
      const from = ((index * height + row) * width + Math.max(0, -right)) * channels;
      const to = ((i * height + row + down) * width + Math.max(0, right)) * channels;
      for (let k = 0; k < kept; k++) images[to + k] = train.pixels[from + k]! / 127.5 - 1;
    }
  });
  return { images, labels: Int32Array.from(indices, (index) => train.labels[index]!) };
}

/** Tensors with metadata, as in `encodeSafetensors()`. */
export interface ClassifierFile {
  readonly tensors: Readonly<Record<string, SafeTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

export function tensorsOf(parameters: Parameters): Record<string, SafeTensor> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, data }]) => [
      name,
      { dtype: "F32", shape, data },
    ]),
  );
}

/** Encodes a classifier with additional metadata. */
export function encodeClassifier(
  { tensors, metadata }: ClassifierFile,
  further: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  return encodeSafetensors(tensors, { ...metadata, ...further });
}

/**
 * Trains the classifier of a data set and measures it on the held-out images. The metadata is a
 * function of data, options, device and number of replicas, like the weights.
 *
 * @param name Name of the data set in the metadata.
 */
export async function trainedClassifier(
  engine: Engine,
  name: string,
  dataset: ImageDataset,
  options: ClassifierTraining,
): Promise<ClassifierFile & { readonly accuracy: number }> {
  const parameters = await trainClassifier(engine, dataset, options);
  const accuracy = await accuracyOn(engine, parameters, dataset, dataset.test);
  return {
    accuracy,
    tensors: tensorsOf(parameters),
    metadata: {
      format: "textdiffusion-classifier-1",
      dataset: name,
      dataset_hash: dataset.hash,
      test_accuracy: String(accuracy),
      test_images: String(dataset.test.count),
      seed: String(options.seed),
      epochs: String(options.epochs),
      replicas: String(engine.replicasFor(CLASSIFIER_BATCH)),
      device: engine.device,
    },
  };
}
