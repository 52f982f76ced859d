import { tf, UserError } from "../../engine/mod.ts";
import type { DenoisingNetwork } from "../steps/mod.ts";
import {
  declarations,
  parameterCount,
  type ParameterSpec,
  type Scope,
  type Tensors,
} from "../layers/mod.ts";
import { type Dit, dit, type DitConfig } from "./dit.ts";
import { type Unet, unet } from "./unet.ts";

/** The sizes that can be named in a configuration. */
export const imageSizes = ["tiny", "mini", "small", "base"] as const;
export type ImageSize = typeof imageSizes[number];

/** The kinds that can be named in a configuration; a DiT's number is the side of its patches. */
export const imageNetworks = ["unet", "dit-2", "dit-4"] as const;
export type ImageNetworkKind = typeof imageNetworks[number];

/** Channels of the UNet at full resolution; everything else follows. */
const widths: { readonly [Size in ImageSize]: number } = {
  tiny: 8, // 35,793 parameters: for tests
  mini: 16, // 140,449 parameters: for demonstrations
  small: 32, // 556,353 parameters
  base: 64, // 2,214,529 parameters
};

/** Of the DiT, with about as many parameters. */
const transformers: {
  readonly [Size in ImageSize]: Pick<DitConfig, "width" | "layers" | "heads">;
} = {
  tiny: { width: 32, layers: 2, heads: 2 },
  mini: { width: 64, layers: 2, heads: 4 },
  small: { width: 96, layers: 3, heads: 6 },
  base: { width: 160, layers: 5, heads: 5 },
};

/** What a network must know of its images. */
export interface ImageShape {
  /** Height and width are multiples of 4: the UNet halves both twice, patches may have that side. */
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly classes: number;
}

/** That of MNIST. */
const DIGITS: ImageShape = { height: 28, width: 28, channels: 1, classes: 10 };

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

/** What can be chosen of a network beside its size. */
export interface ImageNetworkOptions {
  /** By default a UNet. */
  readonly kind?: ImageNetworkKind;
  /** Whether it sees an earlier estimate beside its input, in further channels; by default not. */
  readonly selfConditioned?: boolean;
}

/**
 * The network of this size and kind.
 *
 * @throws {UserError} If the height or the width is no multiple of 4.
 */
export function imageNetwork(
  size: ImageSize,
  shape: ImageShape = DIGITS,
  { kind = "unet", selfConditioned = false }: ImageNetworkOptions = {},
): ImageNetwork {
  const { height, width, classes } = shape;
  if (height % 4 !== 0 || width % 4 !== 0) {
    throw new UserError(
      `Images of ${height} × ${width} pixels do not go through the UNet, which halves them twice, ` +
        "nor into patches: use an image_size that is a multiple of 4, such as 28 or 32",
    );
  }
  const { root, specs } = declarations();
  const apply = builtOf(root, size, shape, kind, selfConditioned ? 2 : 1);
  return {
    size,
    sampleShape: [height, width, shape.channels],
    parameters: specs,
    parameterCount: parameterCount(specs),
    noClass: classes,
    selfConditioned,
    apply: (parameters, z, angle, labels, previous) => {
      const seen = previous ? tf.concat([z, previous], 3) : z;
      return apply(parameters, seen as tf.Tensor4D, angle, labels);
    },
  };
}

function builtOf(
  root: Scope,
  size: ImageSize,
  { height, width, channels, classes }: ImageShape,
  kind: ImageNetworkKind,
  pictures: number,
): Unet | Dit {
  const common = {
    inputChannels: pictures * channels,
    imageChannels: channels,
    classes: classes + 1,
  };
  if (kind === "unet") return unet(root, { ...common, width: widths[size] });
  return dit(root, {
    ...common,
    ...transformers[size],
    patch: kind === "dit-2" ? 2 : 4,
    imageHeight: height,
    imageWidth: width,
  });
}
