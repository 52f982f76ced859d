/**
 * A diffusion transformer for images (Peebles & Xie 2023, "DiT"): the image is divided into square patches,
 * and the transformer blocks are conditioned on noise level and class.
 */
import { tf } from "../../engine/mod.ts";
import { conditioning, linear, transformerBlock, transformerHead } from "../layers/mod.ts";
import type { ImageArchitecture, ImageSize } from "./shape.ts";

/** The sizes, each with about as many parameters as the UNet of that size. */
const SIZES: {
  readonly [Size in ImageSize]: {
    /** A multiple of 4, and of `heads`. */
    readonly width: number;
    readonly layers: number;
    readonly heads: number;
  };
} = {
  tiny: { width: 32, layers: 2, heads: 2 },
  mini: { width: 64, layers: 2, heads: 4 },
  small: { width: 96, layers: 3, heads: 6 },
  base: { width: 160, layers: 5, heads: 5 },
  large: { width: 224, layers: 5, heads: 7 },
};

const LEVEL_FEATURES = 64;

/** Returns the architecture for a patch size in pixels, which must divide height and width of the images. */
export const dit = (patch: number): ImageArchitecture => (scope, options) => {
  const { width, layers, heads } = SIZES[options.size];
  const { height: imageHeight, width: imageWidth, classes } = options;
  const [rows, columns] = [imageHeight / patch, imageWidth / patch];
  const values = patch * patch * options.imageChannels;
  const shape = { width, heads, conditionWidth: width };
  const condition = conditioning(scope.at("condition"), {
    features: LEVEL_FEATURES,
    width,
    classes,
  });
  const stem = linear(scope.at("stem"), patch * patch * options.inputChannels, width);
  const blocks = Array.from(
    { length: layers },
    (_, i) => transformerBlock(scope.at(`block${i}`), shape),
  );
  const head = transformerHead(scope.at("head"), shape, values);

  return (p, z, angle, labels) => {
    const e = tf.reshape(condition(p, angle, labels), [-1, 1, width]);
    let x = tf.add(stem(p, patches(z, patch)), positionEmbeddings(rows, columns, width));
    for (const block of blocks) x = block(p, x, e).x;
    const [n] = z.shape;
    const shape4 = [n, imageHeight, imageWidth, options.imageChannels] as const;
    return pixels(head(p, x, e), shape4, patch);
  };
};

/** [N, H, W, C] → [N, patches, patch² C], row by row. */
function patches(z: tf.Tensor4D, patch: number): tf.Tensor {
  const [n, height, width, channels] = z.shape;
  const [rows, columns] = [height / patch, width / patch];
  const strips = tf.reshape(z, [n * rows, patch, columns, patch * channels]);
  const squares = tf.transpose(strips, [0, 2, 1, 3]);
  return tf.reshape(squares, [n, rows * columns, patch * patch * channels]);
}

/** The inverse of {@link patches}. */
function pixels(
  x: tf.Tensor,
  [n, height, width, channels]: readonly [number, number, number, number],
  patch: number,
): tf.Tensor4D {
  const [rows, columns] = [height / patch, width / patch];
  const squares = tf.reshape(x, [n * rows, columns, patch, patch * channels]);
  const strips = tf.transpose(squares, [0, 2, 1, 3]);
  return tf.reshape(strips, [n, height, width, channels]) as tf.Tensor4D;
}

/** Returns sinusoidal position embeddings of row and column, [1, rows · columns, width]. */
function positionEmbeddings(rows: number, columns: number, width: number): tf.Tensor {
  const quarter = width / 4;
  const frequencies = Array.from({ length: quarter }, (_, i) => 10000 ** (-i / quarter));
  const sinusoids = (position: number) => [
    ...frequencies.map((frequency) => Math.sin(position * frequency)),
    ...frequencies.map((frequency) => Math.cos(position * frequency)),
  ];
  const embeddings = Array.from({ length: rows * columns }, (_, patch) => [
    ...sinusoids(Math.floor(patch / columns)),
    ...sinusoids(patch % columns),
  ]);
  return tf.tensor3d([embeddings]);
}
