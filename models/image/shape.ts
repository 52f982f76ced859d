/** What every network for images has in common. */
import type { DenoisingNetwork } from "../steps/mod.ts";
import type { ParameterSpec, Scope, Tensors } from "../layers/mod.ts";
import type { tf } from "../../engine/mod.ts";

/** The sizes that a configuration can name. */
export const imageSizes = ["tiny", "mini", "small", "base"] as const;
export type ImageSize = typeof imageSizes[number];

/** What a network must know of its images. */
export interface ImageShape {
  /** Height and width are multiples of 4: the UNet halves both twice, patches may have that side. */
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly classes: number;
}

/** What an architecture is built for. */
export interface ImageArchitectureOptions {
  readonly size: ImageSize;
  readonly height: number;
  readonly width: number;
  /** Channels of the input: the image's, and those of an earlier estimate. */
  readonly inputChannels: number;
  /** Channels of the image itself. */
  readonly imageChannels: number;
  /** Rows of the class embedding, "no class" included. */
  readonly classes: number;
}

/** Declares the parameters of an architecture in a scope and returns what uses them. */
export type ImageArchitecture = (scope: Scope, options: ImageArchitectureOptions) => ImageFunction;

/** z [N, H, W, inputChannels], angle [N], labels [N] int32 → [N, H, W, imageChannels]. */
export type ImageFunction = (
  parameters: Tensors,
  z: tf.Tensor4D,
  angle: tf.Tensor,
  labels: tf.Tensor,
) => tf.Tensor4D;

/** A network for images of one shape, of a fixed size and without values. */
export interface ImageNetwork extends DenoisingNetwork {
  readonly size: ImageSize;
  readonly parameters: readonly ParameterSpec[];
  /** How many values `parameters` have together. */
  readonly parameterCount: number;
  /** The label after those of the classes: 10 beside the digits' 0 to 9. */
  readonly noClass: number;
  /**
   * One evaluation.
   *
   * @param parameters A tensor for each of {@link ImageNetwork.parameters}, by name.
   * @param z Noisy images, [N, height, width, channels].
   * @param angle Their noise level as {@link noiseAngle} gives it, [N].
   * @param labels Their classes, [N] int32, {@link ImageNetwork.noClass} for none.
   * @param previous An earlier estimate of the clean images, as z, if the network is self-conditioned.
   * @returns The estimate of whatever target the network is trained for, as z.
   */
  apply(
    parameters: Tensors,
    z: tf.Tensor,
    angle: tf.Tensor,
    labels: tf.Tensor,
    previous?: tf.Tensor,
  ): tf.Tensor;
}
