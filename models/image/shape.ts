/** The types that all image networks share. */
import type { DenoisingNetwork } from "../steps/mod.ts";
import type { ParameterSpec, Scope, Tensors } from "../layers/mod.ts";
import type { tf } from "../../engine/mod.ts";

/** Names of the sizes of a network. */
export const imageSizes = ["tiny", "mini", "small", "base", "large"] as const;
export type ImageSize = typeof imageSizes[number];

/** Shape and number of classes of images. */
export interface ImageShape {
  /** Height and width, multiples of 4, since the UNet downsamples twice. */
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly classes: number;
}

/** Options of an architecture. */
export interface ImageArchitectureOptions {
  readonly size: ImageSize;
  readonly height: number;
  readonly width: number;
  /** Number of input channels: those of the image and, for self-conditioning, of the previous estimate. */
  readonly inputChannels: number;
  /** Number of channels of the image. */
  readonly imageChannels: number;
  /** Number of rows of the class embedding, including "no class". */
  readonly classes: number;
}

/** Declares the parameters of an architecture in a scope and returns the function that applies it. */
export type ImageArchitecture = (scope: Scope, options: ImageArchitectureOptions) => ImageFunction;

/** z [N, H, W, inputChannels], angle [N], labels [N] int32 → [N, H, W, imageChannels]. */
export type ImageFunction = (
  parameters: Tensors,
  z: tf.Tensor4D,
  angle: tf.Tensor,
  labels: tf.Tensor,
) => tf.Tensor4D;

/**
 * A network for images [N, height, width, channels] of one shape; its parameters are declared, not
 * initialised. The label after those of the classes stands for no class: 10 beside the digits' 0 to 9.
 */
export interface ImageNetwork extends DenoisingNetwork {
  readonly size: ImageSize;
  readonly parameters: readonly ParameterSpec[];
  /** Total number of values in `parameters`. */
  readonly parameterCount: number;
}
