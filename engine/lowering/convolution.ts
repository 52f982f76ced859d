/** Convolutions with both gradients, and pooling. https://onnx.ai/onnx/operators/onnx__Conv.html */
import {
  convolution,
  convolutionFilterGradient,
  convolutionInputGradient,
} from "../graph/convolution.ts";
import { channelsFirst, channelsLast } from "../graph/images.ts";
import { binary } from "../graph/arithmetic.ts";
import { fill } from "../graph/elementwise.ts";
import { enlarge } from "../graph/resize.ts";
import type { Window } from "../graph/window.ts";
import { tf } from "../tf.ts";
import { type LoweringTable, operand } from "./lowering.ts";

type Extents = [number, number, number, number];

interface ConvolutionAttributes {
  readonly strides: [number, number] | number;
  readonly pad: Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
  readonly dataFormat: string;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
  readonly dilations?: [number, number] | number;
}

/** TensorFlow.js's own reading of strides and padding, so that it is never interpreted twice. */
function convolutionInfo(
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dataFormat, dimRoundingMode, dilations = 1 }: ConvolutionAttributes,
): { window: Window; outShape: Extents } {
  if (dataFormat !== "NHWC") {
    throw new Error(`Convolution with data format ${dataFormat}: only NHWC can be compiled`);
  }
  const info = tf.backend_util.computeConv2DInfo(
    inputShape as Extents,
    filterShape as Extents,
    strides,
    dilations,
    pad,
    dimRoundingMode,
  );
  return { window: windowOf(info), outShape: info.outShape as Extents };
}

function windowOf(info: tf.backend_util.Conv2DInfo): Window {
  const { padInfo } = info;
  return {
    kernel: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    before: [padInfo.top, padInfo.left],
    after: [padInfo.bottom, padInfo.right],
  };
}

interface PoolAttributes {
  readonly filterSize: [number, number] | number;
  readonly strides: [number, number] | number;
  readonly pad: Parameters<typeof tf.backend_util.computePool2DInfo>[4];
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

function poolInfo(
  inputShape: readonly number[],
  { filterSize, strides, pad, dimRoundingMode }: PoolAttributes,
): { window: Window; outShape: Extents } {
  const info = tf.backend_util.computePool2DInfo(
    inputShape as Extents,
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  return { window: windowOf(info), outShape: info.outShape as Extents };
}

export const convolutionLowerings: LoweringTable = {
  [tf.Conv2D]: (b, operands, attributes: ConvolutionAttributes) => {
    const [x, filter] = [operand(operands, "x"), operand(operands, "filter")];
    const { window, outShape } = convolutionInfo(x.shape, filter.shape, attributes);
    return convolution(b, x, filter, window, outShape);
  },
  [tf.Conv2DBackpropInput]: (
    b,
    operands,
    attributes: ConvolutionAttributes & { inputShape: Extents },
  ) => {
    const [dy, filter] = [operand(operands, "dy"), operand(operands, "filter")];
    const { window } = convolutionInfo(attributes.inputShape, filter.shape, attributes);
    return convolutionInputGradient(b, dy, filter, window, attributes.inputShape);
  },
  [tf.Conv2DBackpropFilter]: (
    b,
    operands,
    attributes: ConvolutionAttributes & { filterShape: Extents },
  ) => {
    const [x, dy] = [operand(operands, "x"), operand(operands, "dy")];
    const { window } = convolutionInfo(x.shape, attributes.filterShape, attributes);
    return convolutionFilterGradient(b, x, dy, window);
  },
  [tf.AvgPool]: (b, operands, attributes: PoolAttributes) => {
    const x = operand(operands, "x");
    const { window, outShape: [n, h, w, c] } = poolInfo(x.shape, attributes);
    const pooled = b.node({
      op: "AveragePool",
      inputs: [channelsFirst(b, x)],
      attributes: {
        kernel_shape: window.kernel,
        strides: window.strides,
        pads: [...window.before, ...window.after],
      },
    }, { shape: [n, c, h, w], dtype: x.dtype });
    return channelsLast(b, pooled);
  },
  [tf.AvgPoolGrad]: (b, operands, attributes: PoolAttributes) => {
    const [dy, x] = [operand(operands, "dy"), operand(operands, "input")];
    const { window, outShape } = poolInfo(x.shape, attributes);
    const tiles = [0, 1].every((i) =>
      window.strides[i] === window.kernel[i] &&
      outShape[1 + i]! * window.strides[i]! === x.shape[1 + i]
    );
    if (!tiles) {
      throw new Error(
        `Gradient of average pooling with window ${window.kernel} and strides ${window.strides} ` +
          `over [${x.shape}]: only windows that tile the input exactly can be compiled`,
      );
    }
    const share = fill(b, 1 / (window.kernel[0] * window.kernel[1]), []);
    const [n, h, w, c] = x.shape as Extents;
    return enlarge(b, binary(b, "Mul", dy, share), [n, h, w, c]);
  },
};
