import { tf } from "../../../../engine/mod.ts";
import { type ArrayInput, wave } from "../inputs.ts";
import type { KernelCase } from "../parity.ts";

const mirrored = (
  mode: "reflect" | "symmetric",
  shape: number[],
  ...paddings: [number, number][]
) => ({
  kernel: tf.MirrorPad,
  name: `${mode}, [${shape}] by ${paddings.join(" and ")}`,
  inputs: [wave(shape)],
  fn: (x: tf.Tensor) => tf.mirrorPad(x, paddings, mode),
  // TensorFlow.js's gradient drops what flows back through the mirror images.
  reference: "finite differences" as const,
});

export const spaceCases: readonly KernelCase[] = [
  mirrored("reflect", [5], [2, 3]),
  mirrored("symmetric", [5], [5, 1]),
  mirrored("reflect", [3, 4], [1, 2], [0, 3]),
  mirrored("symmetric", [2, 3, 4], [0, 0], [3, 1], [2, 4]),
  ...[2, 3].map((block): KernelCase => ({
    kernel: tf.DepthToSpace,
    name: `blocks of ${block}`,
    inputs: [wave([2, 3, 2, 2 * block ** 2])],
    fn: (x: tf.Tensor4D) => tf.depthToSpace(x, block),
    reference: "finite differences",
  })),
  {
    kernel: tf.SpaceToBatchND,
    name: "blocks of 2×3, padded",
    inputs: [wave([2, 3, 4, 2])],
    fn: (x: tf.Tensor) => tf.spaceToBatchND(x, [2, 3], [[1, 0], [0, 2]]),
  },
  {
    kernel: tf.BatchToSpaceND,
    name: "blocks of 2×3, cropped",
    inputs: [wave([12, 2, 3, 2])],
    fn: (x: tf.Tensor) => tf.batchToSpaceND(x, [2, 3], [[1, 0], [0, 2]]),
  },
  {
    kernel: tf.FlipLeftRight,
    name: "two images",
    inputs: [wave([2, 3, 4, 2])],
    fn: (x: tf.Tensor4D) => tf.image.flipLeftRight(x),
    noGradient: "TensorFlow.js has none",
    reference: ({ shape, data }: ArrayInput) => {
      const [, , w, c] = shape as [number, number, number, number];
      return Array.from(data, (_, i) => {
        const [channel, rest] = [i % c, Math.floor(i / c)];
        const [column, row] = [rest % w, Math.floor(rest / w)];
        return data[(row * w + w - 1 - column) * c + channel]!;
      });
    },
  },
];
