import { tf } from "../../../../engine/mod.ts";
import { between, wave } from "../inputs.ts";
import type { KernelCase } from "../parity.ts";

type Activation = Parameters<typeof tf.fused.matMul>[0]["activation"];

const activations = ["linear", "relu", "relu6", "elu", "sigmoid", "prelu", "leakyrelu"] as const;
const ending = (activation: Activation, alpha: tf.Tensor) => ({
  activation: activation!,
  ...(activation === "prelu" ? { preluActivationWeights: alpha } : {}),
  ...(activation === "leakyrelu" ? { leakyreluAlpha: 0.3 } : {}),
});

/** Gradients are those of the kernels that TensorFlow.js composes it of where it needs them. */
const noGradient = "under a gradient, TensorFlow.js composes it of other kernels";

export const fusedCases: readonly KernelCase[] = activations.flatMap((activation): KernelCase[] => [
  {
    kernel: tf._FusedMatMul,
    name: `a bias and ${activation}`,
    inputs: [wave([3, 5]), wave([5, 4], 0.59), wave([4], 0.83), between(0.1, 0.5, [4])],
    fn: (a: tf.Tensor2D, b: tf.Tensor2D, bias: tf.Tensor, alpha: tf.Tensor) =>
      tf.fused.matMul({ a, b, bias, ...ending(activation, alpha) }),
    noGradient,
  },
  {
    kernel: tf.FusedConv2D,
    name: `a bias and ${activation}`,
    inputs: [
      wave([2, 5, 6, 3]),
      wave([3, 3, 3, 4], 0.61),
      wave([4], 0.83),
      between(0.1, 0.5, [4]),
    ],
    fn: (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor, alpha: tf.Tensor) =>
      tf.fused.conv2d({ x, filter, strides: 1, pad: "same", bias, ...ending(activation, alpha) }),
    noGradient,
    atol: 1e-5,
  },
  {
    kernel: tf.FusedDepthwiseConv2D,
    name: `a bias and ${activation}`,
    inputs: [
      wave([2, 5, 6, 2]),
      wave([3, 3, 2, 2], 0.61),
      wave([4], 0.83),
      between(0.1, 0.5, [4]),
    ],
    fn: (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor, alpha: tf.Tensor) =>
      tf.fused.depthwiseConv2d({
        x,
        filter,
        strides: 1,
        pad: "same",
        bias: bias as tf.Tensor1D,
        ...ending(activation, alpha),
      }),
    noGradient,
    atol: 1e-5,
  },
]);
