/** Matrix products, alone and fused. https://onnx.ai/onnx/operators/onnx__MatMul.html */
import { einsum, matMul } from "../graph/matmul.ts";
import { type LoweringTable, type Of, refuse } from "./lowering.ts";
import { tf } from "../tf.ts";
import { binary } from "../graph/arithmetic.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { unary } from "../graph/elementwise.ts";
import { clip, elu, leakyRelu, prelu } from "../graph/functions.ts";
import { reshape } from "../graph/movement.ts";
import type { Value } from "../graph/value.ts";
import { type ConvolutionAttributes, convolve, convolveDepthwise } from "./convolution.ts";

interface EndAttributes {
  readonly activation?: string;
  readonly leakyreluAlpha?: number;
  readonly dataFormat?: string;
}

type EndOperands = Partial<Of<"bias" | "preluActivationWeights">>;
type ImageOperands = Of<"x" | "filter"> & EndOperands;

type FusedAttributes = ConvolutionAttributes & EndAttributes;

export const matMulLowerings: LoweringTable = {
  [tf.BatchMatMul]: (
    b,
    { a: x, b: y }: Of<"a" | "b">,
    { transposeA, transposeB }: tf.BatchMatMulAttrs,
  ) => {
    if (x.dtype === "bool") refuse(tf.BatchMatMul, "of bool", "cast it to int32 or float32");
    return matMul(b, x, y, transposeA, transposeB);
  },
  [tf.Einsum]: (b, operands: Of, { equation }: tf.EinsumAttrs) => {
    const values = Object.values(operands);
    // TensorFlow.js's own reading of the equation, with its checks: axes by number, the result's first.
    const { allDims, summedDims, idDims } = tf.backend_util.decodeEinsumEquation(
      equation,
      values.length,
    );
    tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, values as never);
    return einsum(b, values, idDims, allDims.length - summedDims.length);
  },

  [tf._FusedMatMul]: (
    b,
    operands: Of<"a" | "b"> & EndOperands,
    attributes: tf._FusedMatMulAttrs,
  ) => {
    const { transposeA, transposeB } = attributes;
    const product = matMul(b, operands.a, operands.b, transposeA, transposeB);
    return ending(b, product, operands, attributes);
  },
  [tf.FusedConv2D]: (b, operands: ImageOperands, attributes: FusedAttributes) =>
    ending(b, convolve(b, operands.x, operands.filter, attributes), operands, attributes),
  [tf.FusedDepthwiseConv2D]: (b, operands: ImageOperands, attributes: FusedAttributes) =>
    ending(b, convolveDepthwise(b, operands.x, operands.filter, attributes), operands, attributes),
};

/** Adds the bias and applies the activation, where there are any. */
function ending(
  b: GraphBuilder,
  x: Value,
  { bias, preluActivationWeights }: EndOperands,
  { activation = "linear", leakyreluAlpha = 0.2, dataFormat }: EndAttributes,
): Value {
  /** A vector stands for the channels, wherever they are. */
  const overChannels = (vector: Value) =>
    dataFormat === "NCHW" && vector.shape.length === 1
      ? reshape(b, vector, [vector.shape[0]!, 1, 1])
      : vector;
  const sum = bias ? binary(b, "Add", x, overChannels(bias)) : x;
  switch (activation) {
    case "linear":
      return sum;
    case "relu":
      return unary(b, "Relu", sum);
    case "relu6":
      return clip(b, sum, 0, 6);
    case "elu":
      return elu(b, sum);
    case "sigmoid":
      return unary(b, "Sigmoid", sum);
    case "leakyrelu":
      return leakyRelu(b, sum, leakyreluAlpha);
    case "prelu":
      return prelu(b, sum, overChannels(preluActivationWeights!));
    default:
      return refuse("Fused activation", activation, "write it after the operator");
  }
}
