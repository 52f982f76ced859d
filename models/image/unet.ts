/**
 * A small UNet for images, conditioned on noise level and class: the architecture of Ho et al. 2020,
 * appendix B, reduced to two downsamplings and one attention layer at the lowest resolution.
 */
import { tf } from "../../engine/mod.ts";
import {
  attention,
  conditioning,
  conv2d,
  doubleSize,
  groupNorm,
  type Layer,
  linear,
  type Scope,
  silu,
  type Tensors,
  zeros,
} from "../layers/mod.ts";
import type { ImageArchitecture, ImageSize } from "./shape.ts";

/** Number of channels at full resolution, a multiple of 8; lower resolutions have twice as many. */
const WIDTHS: { readonly [Size in ImageSize]: number } = {
  tiny: 8, // 35,793 parameters: for tests
  mini: 16, // 140,449 parameters: for demonstrations
  small: 32, // 556,353 parameters
  base: 64, // 2,214,529 parameters
  large: 96, // 4,974,529 parameters: for GPUs
};

/**
 * Parameter names must match existing checkpoints: `enter` is the stem, `shrink` the downsampling and
 * `grow` the upsampling convolution, `leave` the head.
 */
export const unet: ImageArchitecture = (scope, { size, inputChannels, imageChannels, classes }) => {
  const c = WIDTHS[size];
  const condition = conditioning(scope.at("condition"), {
    features: c,
    width: 4 * c,
    classes,
  });
  const block = (name: string, inputs: number, outputs: number) =>
    residualBlock(scope.at(name), inputs, outputs, 4 * c);

  const stem = conv2d(scope.at("enter"), inputChannels, c);
  const down1 = block("down1", c, c);
  const halve1 = conv2d(scope.at("shrink1"), c, c, { stride: 2, hidden: true });
  const down2 = block("down2", c, 2 * c);
  const halve2 = conv2d(scope.at("shrink2"), 2 * c, 2 * c, { stride: 2, hidden: true });
  const middle1 = block("middle1", 2 * c, 2 * c);
  const attend = spatialAttention(scope.at("attend"), 2 * c);
  const middle2 = block("middle2", 2 * c, 2 * c);
  const upsample2 = conv2d(scope.at("grow2"), 2 * c, 2 * c, { hidden: true });
  const up2 = block("up2", 4 * c, 2 * c);
  const upsample1 = conv2d(scope.at("grow1"), 2 * c, c, { hidden: true });
  const up1 = block("up1", 2 * c, c);
  const headNorm = groupNorm(scope.at("leave.norm"), c);
  // Initialised to zero, so that the first prediction is 0 instead of random.
  const head = conv2d(scope.at("leave"), c, imageChannels, { init: zeros });

  return (p, z, angle, labels) => {
    const e = silu(condition(p, angle, labels)); // [N, 4c]
    const full = down1(p, stem(p, z), e); // [N, H, W, c]
    const half = down2(p, halve1(p, full), e); // [N, H/2, W/2, 2c]
    let h = middle1(p, halve2(p, half), e); // [N, H/4, W/4, 2c]
    h = middle2(p, attend(p, h), e);
    h = upsample2(p, doubleSize(h)); // [N, H/2, W/2, 2c]
    h = up2(p, tf.concat([h, half], 3), e);
    h = upsample1(p, doubleSize(h)); // [N, H, W, c]
    h = up1(p, tf.concat([h, full], 3), e);
    return head(p, silu(headNorm(p, h)));
  };
};

/**
 * A residual block of two convolutions with the condition added between them (He et al. 2016, as in
 * Ho et al. 2020). The second convolution is initialised to zero, so that the block is initially its skip
 * connection.
 */
function residualBlock(scope: Scope, inputs: number, outputs: number, conditionWidth: number) {
  const norm1 = groupNorm(scope.at("norm1"), inputs);
  const conv1 = conv2d(scope.at("conv1"), inputs, outputs, { hidden: true });
  const condition = linear(scope.at("condition"), conditionWidth, outputs, { hidden: true });
  const norm2 = groupNorm(scope.at("norm2"), outputs);
  const conv2 = conv2d(scope.at("conv2"), outputs, outputs, { init: zeros, hidden: true });
  const shortcut = inputs === outputs
    ? (_: Tensors, x: tf.Tensor4D) => x
    : conv2d(scope.at("shortcut"), inputs, outputs, { size: 1, hidden: true });
  return (p: Tensors, x: tf.Tensor4D, e: tf.Tensor): tf.Tensor4D => {
    const shift = tf.reshape(condition(p, e), [-1, 1, 1, outputs]);
    const h = tf.add(conv1(p, silu(norm1(p, x))), shift) as tf.Tensor4D;
    return tf.add(conv2(p, silu(norm2(p, h))), shortcut(p, x));
  };
}

/** Single-head self-attention over all pixels of an image, with a residual connection. */
function spatialAttention(scope: Scope, channels: number) {
  const norm = groupNorm(scope.at("norm"), channels);
  const [query, key, value, output] = ["query", "key", "value", "output"].map((name) =>
    linear(scope.at(name), channels, channels, { hidden: true })
  ) as [Layer, Layer, Layer, Layer];
  return (p: Tensors, x: tf.Tensor4D): tf.Tensor4D => {
    const [n, height, width] = x.shape;
    const pixels = tf.reshape(norm(p, x), [n, height * width, channels]);
    const mixed = attention(query(p, pixels), key(p, pixels), value(p, pixels));
    return tf.add(x, tf.reshape(output(p, mixed), x.shape));
  };
}
