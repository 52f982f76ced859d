/**
 * A small convolutional digit classifier in the manner of LeNet (LeCun et al. 1998), with strides
 * for pooling. The 64 values before its last layer are the features in which pictures are judged.
 */
import { decodeSafetensors, type Parameters, tf, UserError } from "../../engine/mod.ts";
import {
  conv2d,
  declarations,
  linear,
  parameterCount,
  type ParameterSpec,
  type Tensors,
} from "../layers/mod.ts";

/** Width of the feature layer. */
export const FEATURE_COUNT = 64;
const CLASSES = 10;
/** Channels at 28 × 28, 14 × 14, 7 × 7 and 4 × 4 pixels. */
const WIDTHS = [16, 32, 48, 48] as const;

/** A classifier of 28 × 28 grey images into 10 classes, without values. */
export interface ClassifierNetwork {
  readonly parameters: readonly ParameterSpec[];
  readonly parameterCount: number;
  /** Images [N, 28, 28, 1] in [−1, 1] → features [N, 64], none below 0, and logits [N, 10]. */
  apply(parameters: Tensors, images: tf.Tensor): { features: tf.Tensor; logits: tf.Tensor };
}

/** The network; every one is the same. */
export function classifierNetwork(): ClassifierNetwork {
  const { root, specs } = declarations();
  const convolutions = WIDTHS.map((outputs, i) =>
    conv2d(root.at(`conv${i + 1}`), WIDTHS[i - 1] ?? 1, outputs, { stride: i === 0 ? 1 : 2 })
  );
  const pixels = 4 * 4 * WIDTHS[3];
  const features = linear(root.at("features"), pixels, FEATURE_COUNT);
  const classes = linear(root.at("classes"), FEATURE_COUNT, CLASSES);
  return {
    parameters: specs,
    parameterCount: parameterCount(specs),
    apply(p, images) {
      let x = images as tf.Tensor4D;
      for (const convolution of convolutions) x = tf.relu(convolution(p, x));
      const seen = tf.relu(features(p, tf.reshape(x, [-1, pixels])));
      return { features: seen, logits: classes(p, seen) };
    },
  };
}

/** Trained values, and what is known about them. */
export interface ClassifierWeights {
  readonly parameters: Parameters;
  /** For example `test_accuracy`, `seed`, `dataset_hash`, `command`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Where the weights for a data set lie; the training program writes them there. */
export function classifierPath(dataset: string): URL {
  return new URL(`./weights/${dataset}-classifier.safetensors`, import.meta.url);
}

/** Whether there is a classifier for a data set. */
export function hasClassifier(dataset: string): boolean {
  try {
    return Deno.statSync(classifierPath(dataset)).isFile;
  } catch {
    return false;
  }
}

/**
 * The weights trained on a data set.
 *
 * @throws {UserError} If there are none for it, or the file is damaged.
 */
export function classifierWeights(dataset: string): ClassifierWeights {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(classifierPath(dataset));
  } catch (error) {
    throw new UserError(
      `The classifier of ${dataset} cannot be read (${(error as Error).message}): train it with ` +
        `deno task train:classifier --dataset ${dataset}`,
    );
  }
  const { tensors, metadata } = decodeSafetensors(bytes);
  const parameters = Object.fromEntries(
    classifierNetwork().parameters.map(({ name, shape }) => {
      const tensor = tensors[name];
      if (tensor?.dtype !== "F32" || tensor.shape.join() !== shape.join()) {
        throw new UserError(`The classifier of ${dataset} does not fit: ${name} is not [${shape}]`);
      }
      return [name, { shape, data: tensor.data }];
    }),
  );
  return { parameters, metadata };
}
