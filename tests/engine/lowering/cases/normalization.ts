import { tf } from "../../../../engine/mod.ts";
import { between, wave } from "../inputs.ts";
import type { KernelCase } from "../parity.ts";

const lrn = (kernel: string, name: string, radius: number, ...rest: [number, number, number]) => ({
  kernel,
  name,
  inputs: [wave([2, 2, 3, 5])],
  fn: (x: tf.Tensor4D) => tf.localResponseNormalization(x, radius, ...rest),
});

export const normalizationCases: readonly KernelCase[] = [
  {
    kernel: tf.FusedBatchNorm,
    name: "statistics for each channel",
    inputs: [
      wave([2, 3, 2, 4]),
      wave([4], 0.7),
      between(0.2, 2, [4]),
      wave([4], 0.9),
      wave([4], 1.1),
    ],
    fn: (x: tf.Tensor4D, mean, variance, offset, scale) =>
      tf.batchNorm(x, mean, variance, offset, scale, 1e-2),
  },
  {
    kernel: tf.FusedBatchNorm,
    name: "without scale and offset",
    inputs: [wave([6, 4]), wave([4], 0.7), between(0.2, 2, [4])],
    fn: (x: tf.Tensor2D, mean, variance) => tf.batchNorm(x, mean, variance),
    noGradient: "TensorFlow.js has none without a scale",
  },
  ...[tf.LRN, tf.LRNGrad].flatMap((kernel) => [
    lrn(kernel, "two neighbours on either side", 2, 1, 0.5, 0.75),
    lrn(kernel, "more neighbours than channels", 7, 2, 1, 0.5),
    lrn(kernel, "itself alone", 0, 1, 2, 1.5),
  ]),
];
