/** Training of the classifier that judges pictures. */
import { gatherImages, type ImageDataset, type ImageSplit } from "../../data/mod.ts";
import {
  adamWStep,
  createAdamW,
  type Engine,
  integers,
  learningRateAt,
  type Parameters,
  permutation,
  tf,
} from "../../engine/mod.ts";
import type { Program, TensorFunction } from "../../engine/mod.ts";
import {
  type ClassifierNetwork,
  classifierNetwork,
  initialParameters,
} from "../../models/image/mod.ts";
import { inputArrays, parameterSignature } from "../training/arrays.ts";
import { classifierOf, classOf } from "./classifier.ts";

export interface ClassifierTraining {
  readonly seed: number;
  readonly epochs: number;
  readonly onEpoch?: (epoch: number, loss: number) => void;
}

const BATCH = 120;
const SIZE = 28;
/** Pictures are moved by up to so many pixels along each axis, anew in every epoch. */
const SHIFT = 2;
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, gradientClip: 1 };
const RATE = { learningRate: 2e-3, warmupSteps: 100, decay: "cosine", finalFraction: 0 } as const;

/** Trains on the training images, randomly shifted; a function of the data and the seed. */
export async function trainClassifier(
  engine: Engine,
  dataset: ImageDataset,
  { seed, epochs, onEpoch }: ClassifierTraining,
): Promise<Parameters> {
  const network = classifierNetwork();
  const parameters = initialParameters(network.parameters, seed);
  const state = createAdamW(parameters);
  const program = await compileStep(engine, network);
  const perEpoch = Math.floor(dataset.train.count / BATCH);
  const schedule = { ...RATE, steps: epochs * perEpoch };
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = permutation(
      { seed, stream: "classifier-batch", step: epoch },
      dataset.train.count,
    );
    let total = 0;
    for (let i = 0; i < perEpoch; i++) {
      const step = epoch * perEpoch + i;
      const batch = shiftedBatch(dataset, order.subarray(i * BATCH, (i + 1) * BATCH), seed, step);
      const outputs = await program.run({ ...inputArrays(parameters), ...batch });
      total += outputs.loss![0]!;
      const gradients = Object.fromEntries(
        Object.keys(parameters).map((name) => [name, outputs[`grad/${name}`] as Float32Array]),
      );
      const learningRate = learningRateAt(step, schedule);
      adamWStep(parameters, gradients, state, { ...ADAM, learningRate });
    }
    onEpoch?.(epoch + 1, total / perEpoch);
  }
  await program.dispose();
  return parameters;
}

/** The share of a split's images that the classifier puts into their class. */
export async function accuracyOn(
  engine: Engine,
  parameters: Parameters,
  split: ImageSplit,
): Promise<number> {
  const classifier = await classifierOf(engine, parameters);
  const indices = Array.from({ length: split.count }, (_, i) => i);
  const { probabilities } = await classifier.judge(gatherImages(split, SIZE * SIZE, indices));
  await classifier.dispose();
  return indices.filter((i) => classOf(probabilities, i) === split.labels[i]).length / split.count;
}

async function compileStep(engine: Engine, network: ClassifierNetwork): Promise<Program> {
  const count = engine.replicasFor(BATCH);
  return await engine.compile(
    trainingStep(network),
    {
      ...parameterSignature(network.parameters),
      images: { shape: [BATCH, SIZE, SIZE, 1], dtype: "float32" },
      labels: { shape: [BATCH], dtype: "int32" },
    },
    count > 1 ? { replicas: { count, split: ["images", "labels"], outputs: "mean" } } : {},
  );
}

/** Outputs: `loss` [], the mean cross-entropy in nats, and `grad/<name>` for each parameter. */
function trainingStep(network: ClassifierNetwork): TensorFunction {
  const names = network.parameters.map(({ name }) => name);
  return (inputs) => {
    const target = tf.oneHot(inputs.labels!, 10, 1, 0, "float32");
    const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
      const parameters = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
      const { logits } = network.apply(parameters, inputs.images!);
      const shifted = tf.sub(logits, tf.max(logits, 1, true));
      const logSum = tf.log(tf.sum(tf.exp(shifted), 1));
      return tf.mean(tf.sub(logSum, tf.sum(tf.mul(shifted, target), 1))) as tf.Scalar;
    })(names.map((name) => inputs[name]!));
    return {
      loss: value,
      ...Object.fromEntries(names.map((name, i) => [`grad/${name}`, grads[i]!])),
    };
  };
}

/** The examples, each moved by its own whole number of pixels; background comes in at the edges. */
function shiftedBatch({ train }: ImageDataset, indices: Uint32Array, seed: number, step: number) {
  const moves = integers(
    { seed, stream: "classifier-shift", step },
    2 * indices.length,
    2 * SHIFT + 1,
  );
  const images = new Float32Array(indices.length * SIZE * SIZE).fill(-1);
  indices.forEach((index, i) => {
    const [down, right] = [moves[2 * i]! - SHIFT, moves[2 * i + 1]! - SHIFT];
    for (let row = Math.max(0, -down); row < Math.min(SIZE, SIZE - down); row++) {
      for (let column = Math.max(0, -right); column < Math.min(SIZE, SIZE - right); column++) {
        const value = train.pixels[(index * SIZE + row) * SIZE + column]!;
        images[(i * SIZE + row + down) * SIZE + column + right] = value / 127.5 - 1;
      }
    }
  });
  return { images, labels: Int32Array.from(indices, (index) => train.labels[index]!) };
}
