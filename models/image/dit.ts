/**
 * A diffusion transformer for images (Peebles & Xie 2023, "DiT"): the image in square patches, the
 * blocks of the text networks, noise level and class as their condition.
 */
import { tf } from "../../engine/mod.ts";
import {
  linear,
  type Scope,
  type Tensors,
  transformerBlock,
  transformerHead,
} from "../layers/mod.ts";
import { conditioning } from "./conditioning.ts";

/** What distinguishes one DiT from another. */
export interface DitConfig {
  /** A multiple of 4, and of `heads`. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Side of a patch in pixels; it divides the image's height and width. */
  readonly patch: number;
  readonly imageHeight: number;
  readonly imageWidth: number;
  /** Channels of the input: the image's, and those of an earlier estimate. */
  readonly inputChannels: number;
  readonly imageChannels: number;
  /** Rows of the class embedding, "no class" included. */
  readonly classes: number;
}

const LEVEL_FEATURES = 64;

/** z [N, H, W, inputChannels], angle [N], labels [N] int32 → [N, H, W, imageChannels]. */
export type Dit = (
  parameters: Tensors,
  z: tf.Tensor4D,
  angle: tf.Tensor,
  labels: tf.Tensor,
) => tf.Tensor4D;

export function dit(scope: Scope, config: DitConfig): Dit {
  const { width, layers, heads, patch, imageHeight, imageWidth, classes } = config;
  const [down, across] = [imageHeight / patch, imageWidth / patch];
  const values = patch * patch * config.imageChannels;
  const shape = { width, heads, conditionWidth: width };
  const condition = conditioning(scope.at("condition"), {
    features: LEVEL_FEATURES,
    width,
    classes,
  });
  const stem = linear(scope.at("stem"), patch * patch * config.inputChannels, width);
  const blocks = Array.from(
    { length: layers },
    (_, i) => transformerBlock(scope.at(`block${i}`), shape),
  );
  const head = transformerHead(scope.at("head"), shape, values);

  return (p, z, angle, labels) => {
    const e = tf.reshape(condition(p, angle, labels), [-1, 1, width]);
    let x = tf.add(stem(p, patches(z, patch)), places(down, across, width));
    for (const block of blocks) x = block(p, x, e).x;
    const [n] = z.shape;
    const shape4 = [n, imageHeight, imageWidth, config.imageChannels] as const;
    return pixels(head(p, x, e), shape4, patch);
  };
}

/** [N, H, W, C] → [N, patches, patch² C], row by row. */
function patches(z: tf.Tensor4D, patch: number): tf.Tensor {
  const [n, height, width, channels] = z.shape;
  const [down, across] = [height / patch, width / patch];
  const strips = tf.reshape(z, [n * down, patch, across, patch * channels]);
  const squares = tf.transpose(strips, [0, 2, 1, 3]);
  return tf.reshape(squares, [n, down * across, patch * patch * channels]);
}

/** The way back from {@link patches}. */
function pixels(
  x: tf.Tensor,
  [n, height, width, channels]: readonly [number, number, number, number],
  patch: number,
): tf.Tensor4D {
  const [down, across] = [height / patch, width / patch];
  const squares = tf.reshape(x, [n * down, across, patch, patch * channels]);
  const strips = tf.transpose(squares, [0, 2, 1, 3]);
  return tf.reshape(strips, [n, height, width, channels]) as tf.Tensor4D;
}

/** Sines and cosines of row and column, a quarter of the width each: [1, down · across, width]. */
function places(down: number, across: number, width: number): tf.Tensor {
  const quarter = width / 4;
  const frequencies = Array.from({ length: quarter }, (_, i) => 10000 ** (-i / quarter));
  const rows = Array.from({ length: down * across }, (_, place) => {
    const [row, column] = [Math.floor(place / across), place % across];
    return [row, column].flatMap((at) => [
      ...frequencies.map((frequency) => Math.sin(at * frequency)),
      ...frequencies.map((frequency) => Math.cos(at * frequency)),
    ]);
  });
  return tf.tensor3d([rows]);
}
