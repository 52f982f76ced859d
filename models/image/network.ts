import type { tf } from "../../engine/mod.ts";
import type { DenoisingNetwork } from "../diffusion/mod.ts";
import { declarations, parameterCount, type ParameterSpec, type Tensors } from "../layers/mod.ts";
import { unet } from "./unet.ts";

/** The sizes that can be named in a configuration. */
export const imageSizes = ["tiny", "mini", "small"] as const;
export type ImageSize = typeof imageSizes[number];

/** Channels at full resolution; everything else follows. */
const widths: { readonly [Size in ImageSize]: number } = {
  tiny: 8, // 35,793 parameters: for tests
  mini: 16, // 140,449 parameters: for demonstrations
  small: 32, // 556,353 parameters
};

/** A network for 28 × 28 grey images of 10 classes, of a fixed size and without values. */
export interface ImageNetwork extends DenoisingNetwork {
  readonly size: ImageSize;
  readonly parameters: readonly ParameterSpec[];
  /** How many values `parameters` have together. */
  readonly parameterCount: number;
  /** 10, the label beside the digits' 0 to 9. */
  readonly noClass: number;
  /**
   * One evaluation.
   *
   * @param parameters A tensor for each of {@link ImageNetwork.parameters}, by name.
   * @param z Noisy images, [N, 28, 28, 1].
   * @param angle Their noise level as {@link noiseAngle} gives it, [N].
   * @param labels Their classes, [N] int32, {@link ImageNetwork.noClass} for none.
   * @returns The estimate of whatever target the network is trained for, [N, 28, 28, 1].
   */
  apply(parameters: Tensors, z: tf.Tensor, angle: tf.Tensor, labels: tf.Tensor): tf.Tensor;
}

/** The UNet of this size. */
export function imageNetwork(size: ImageSize): ImageNetwork {
  const { root, specs } = declarations();
  const noClass = 10;
  const apply = unet(root, { width: widths[size], imageChannels: 1, classes: noClass + 1 });
  return {
    size,
    parameters: specs,
    parameterCount: parameterCount(specs),
    noClass,
    apply: (parameters, z, angle, labels) => apply(parameters, z as tf.Tensor4D, angle, labels),
  };
}
