/**
 * Networks for images, and their registry. The module of a network, and TensorFlow.js with it, is loaded when the
 * network is first built.
 *
 * To add a network, write its module and add an entry. Names, descriptions and tests derive from it.
 */
import type { tf } from "../../engine/mod.ts";
import { UserError } from "../../engine/host/mod.ts";
import type { ImageArchitecture, ImageNetwork, ImageShape, ImageSize } from "./shape.ts";

export { type ImageNetwork, type ImageShape, imageSizes } from "./shape.ts";

interface NetworkEntry {
  /** The name shown to people. */
  readonly title: string;
  /** A short description. */
  readonly description: string;
  load(): Promise<ImageArchitecture>;
}

export const imageNetworks = {
  unet: {
    title: "UNet",
    description: "a UNet",
    load: async () => (await import("./unet.ts")).unet,
  },
  "dit-2": {
    title: "DiT",
    description: "a transformer over patches of 2 × 2 pixels (slow)",
    load: async () => (await import("./dit.ts")).dit(2),
  },
  "dit-4": {
    title: "DiT",
    description: "a transformer over patches of 4 × 4 pixels",
    load: async () => (await import("./dit.ts")).dit(4),
  },
} as const satisfies Readonly<Record<string, NetworkEntry>>;

type ImageNetworkKind = keyof typeof imageNetworks;

/** The names of all networks, in the order of the registry. */
export const imageNetworkNames = Object.keys(imageNetworks) as [
  ImageNetworkKind,
  ...ImageNetworkKind[],
];

/** The shape of MNIST's images. */
const MNIST_SHAPE: ImageShape = { height: 28, width: 28, channels: 1, classes: 10 };

/** Options of an image network other than its size. */
interface ImageNetworkOptions {
  /** By default a UNet. */
  readonly kind?: ImageNetworkKind;
  /** Whether it is self-conditioned, with the previous estimate as additional input channels. By default not. */
  readonly selfConditioned?: boolean;
}

/**
 * Builds a network.
 *
 * @throws {UserError} If the height or the width is no multiple of 4.
 */
export async function imageNetwork(
  size: ImageSize,
  shape: ImageShape = MNIST_SHAPE,
  { kind = "unet", selfConditioned = false }: ImageNetworkOptions = {},
): Promise<ImageNetwork> {
  const { height, width, channels, classes } = shape;
  if (height % 4 !== 0 || width % 4 !== 0) {
    throw new UserError(
      `Images of ${height} × ${width} pixels do not go through the UNet, which halves them twice, ` +
        "nor into patches: use an image_size that is a multiple of 4, such as 28 or 32",
    );
  }
  const [architecture, { declarations, parameterCount }, { tf }] = await Promise.all([
    imageNetworks[kind].load(),
    import("../layers/mod.ts"),
    import("../../engine/mod.ts"),
  ]);
  const { root, specs } = declarations();
  const apply = architecture(root, {
    size,
    height,
    width,
    inputChannels: (selfConditioned ? 2 : 1) * channels,
    imageChannels: channels,
    classes: classes + 1,
  });
  return {
    size,
    sampleShape: [height, width, channels],
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
