/**
 * A small convolutional classifier similar to LeNet (LeCun et al. 1998), with strided convolutions instead
 * of pooling. The 64 activations before its last layer are the features that images are evaluated in.
 */
import { createHash } from "node:crypto";
import { decodeSafetensors, type Parameters, tf, UserError } from "../engine/mod.ts";
import {
  conv2d,
  declarations,
  linear,
  parameterCount,
  type ParameterSpec,
  type Tensors,
} from "./layers/mod.ts";
import type { ImageShape } from "./image/mod.ts";

/** Number of features. */
export const FEATURE_COUNT = 64;
/** Number of channels at full resolution and after each of three downsamplings: 28, 14, 7 and 4 pixels. */
const WIDTHS = [16, 32, 48, 48] as const;

/** A classifier for images of one shape; its parameters are declared, not initialised. */
export interface ClassifierNetwork {
  readonly parameters: readonly ParameterSpec[];
  readonly parameterCount: number;
  /**
   * Returns features, [N, 64], not negative, and logits, [N, classes], of images
   * [N, height, width, channels] in [−1, 1].
   */
  apply(parameters: Tensors, images: tf.Tensor): { features: tf.Tensor; logits: tf.Tensor };
}

/** Returns the network for images of this shape, which is built once. */
export function classifierNetwork(
  { height, width, channels, classes }: ImageShape,
): ClassifierNetwork {
  const { root, specs } = declarations();
  const convolutions = WIDTHS.map((outputs, i) =>
    conv2d(root.at(`conv${i + 1}`), WIDTHS[i - 1] ?? channels, outputs, { stride: i === 0 ? 1 : 2 })
  );
  const pixels = Math.ceil(height / 8) * Math.ceil(width / 8) * WIDTHS[3];
  const features = linear(root.at("features"), pixels, FEATURE_COUNT);
  const logits = linear(root.at("classes"), FEATURE_COUNT, classes);
  return {
    parameters: specs,
    parameterCount: parameterCount(specs),
    apply(p, images) {
      let x = images as tf.Tensor4D;
      for (const convolution of convolutions) x = tf.relu(convolution(p, x));
      const seen = tf.relu(features(p, tf.reshape(x, [-1, pixels])));
      return { features: seen, logits: logits(p, seen) };
    },
  };
}

/** Trained parameters with their metadata. */
export interface ClassifierWeights {
  readonly parameters: Parameters;
  /** For example `test_accuracy`, `seed`, `dataset_hash`, `command`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** SHA-256 of the file. */
  readonly hash: string;
}

/** Returns the path of the weights for a named data set in the repository. */
export function classifierPath(dataset: string): URL {
  return new URL(`./weights/${dataset}-classifier.safetensors`, import.meta.url);
}

/** Whether the repository has weights for a data set; it has none for folders of images. */
export function hasClassifier(dataset: string): boolean {
  try {
    return !/[/\\]/.test(dataset) && Deno.statSync(classifierPath(dataset)).isFile;
  } catch {
    return false;
  }
}

/**
 * Loads the weights for a data set from the repository.
 *
 * @throws {UserError} If there are none for it, or the file is damaged.
 */
export function classifierWeights(dataset: string, shape: ImageShape): ClassifierWeights {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(classifierPath(dataset));
  } catch (error) {
    throw new UserError(
      `The classifier of ${dataset} cannot be read (${(error as Error).message}): train it with ` +
        `deno task train:classifier --dataset ${dataset}`,
    );
  }
  return decodeClassifier(bytes, shape, dataset);
}

/**
 * Decodes the weights of a classifier.
 *
 * @param dataset Name of the data set, for error messages.
 * @throws {UserError} If the file is damaged, or is of another shape of images.
 */
export function decodeClassifier(
  bytes: Uint8Array,
  shape: ImageShape,
  dataset: string,
): ClassifierWeights {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const parameters = Object.fromEntries(
    classifierNetwork(shape).parameters.map(({ name, shape }) => {
      const tensor = tensors[name];
      if (tensor?.dtype !== "F32" || tensor.shape.join() !== shape.join()) {
        throw new UserError(`The classifier of ${dataset} does not fit: ${name} is not [${shape}]`);
      }
      return [name, { shape, data: tensor.data }];
    }),
  );
  return { parameters, metadata, hash: createHash("sha256").update(bytes).digest("hex") };
}
