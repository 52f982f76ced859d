/** Convolutions with their gradients. https://onnx.ai/onnx/operators/onnx__Conv.html */
import type { GraphBuilder } from "../graph/builder.ts";
import {
  convolution,
  convolutionFilterGradient,
  convolutionInputGradient,
  depthwise,
  depthwiseFilterGradient,
  depthwiseInputGradient,
} from "../graph/convolution.ts";
import { sameShape, type Value } from "../graph/value.ts";
import type { Shape4, Window } from "../graph/image_layout.ts";
import { type LoweringTable, type Of, refuse } from "./lowering.ts";
import { tf } from "../tf.ts";
import { transpose } from "../graph/movement.ts";

interface OfShape extends ConvolutionAttributes {
  readonly inputShape: Shape4;
  readonly filterShape: Shape4;
}

export const convolutionLowerings: LoweringTable = {
  [tf.Conv2D]: (b, { x, filter }: Of<"x" | "filter">, attributes: ConvolutionAttributes) =>
    convolve(b, x, filter, attributes),
  [tf.Conv2DBackpropInput]: (b, operands: Of<"dy" | "filter">, attributes: OfShape) => {
    const { dataFormat, inputShape } = attributes;
    const { filter } = operands;
    const dy = fromFormat(b, operands.dy, dataFormat);
    const shape = shapeFromFormat(inputShape, dataFormat);
    const { window, outShape } = convolutionWindow(inputShape, filter.shape, attributes);
    if (!sameShape(dy.shape, outShape)) {
      refuse(
        tf.Conv2DBackpropInput,
        `to [${shape}] from [${dy.shape}]`,
        `a convolution of that shape gives [${outShape}]`,
      );
    }
    return toFormat(b, convolutionInputGradient(b, dy, filter, window, shape), dataFormat);
  },
  [tf.Conv2DBackpropFilter]: (b, { x, dy }: Of<"x" | "dy">, attributes: OfShape) => {
    const [image, gradient] = [x, dy].map((image) => fromFormat(b, image, attributes.dataFormat));
    const { window } = convolutionWindow(x.shape, attributes.filterShape, attributes);
    return convolutionFilterGradient(b, image!, gradient!, window);
  },
  [tf.DepthwiseConv2dNative]: (
    b,
    { x, filter }: Of<"x" | "filter">,
    attributes: ConvolutionAttributes,
  ) => convolveDepthwise(b, x, filter, attributes),
  [tf.DepthwiseConv2dNativeBackpropInput]: (
    b,
    { dy, filter }: Of<"dy" | "filter">,
    attributes: OfShape,
  ) => {
    const { window } = convolutionWindow(attributes.inputShape, filter.shape, attributes, true);
    return depthwiseInputGradient(b, dy, filter, window, attributes.inputShape);
  },
  [tf.DepthwiseConv2dNativeBackpropFilter]: (b, { x, dy }: Of<"x" | "dy">, attributes: OfShape) => {
    const { window } = convolutionWindow(x.shape, attributes.filterShape, attributes, true);
    return depthwiseFilterGradient(b, x, dy, window, attributes.filterShape[3]);
  },
};

/** A convolution in the data format of its attributes. */
export function convolve(
  b: GraphBuilder,
  x: Value,
  filter: Value,
  attributes: ConvolutionAttributes,
): Value {
  const { dataFormat } = attributes;
  const image = fromFormat(b, x, dataFormat);
  const { window, outShape } = convolutionWindow(x.shape, filter.shape, attributes);
  return toFormat(b, convolution(b, image, filter, window, outShape), dataFormat);
}

/** A depthwise convolution of an image [n, h, w, c]. */
export function convolveDepthwise(
  b: GraphBuilder,
  x: Value,
  filter: Value,
  attributes: ConvolutionAttributes,
): Value {
  const { window, outShape } = convolutionWindow(x.shape, filter.shape, attributes, true);
  return depthwise(b, x, filter, window, outShape);
}

export type Extents = [number, number, number, number];
export type Padding = Parameters<typeof tf.backend_util.computeConv2DInfo>[4];

export interface ConvolutionAttributes {
  readonly strides: [number, number] | number;
  readonly pad: Padding;
  readonly dataFormat?: string;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
  readonly dilations?: [number, number] | number | null;
}

/** A window, and the shape [n, h, w, c] of what it gives. */
export interface Windowed {
  readonly window: Window;
  readonly outShape: Shape4;
}

/**
 * The window of a convolution of an image whose shape is given in the data format of `attributes`;
 * `depthwise` ones have filters of their own for each channel.
 */
function convolutionWindow(
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dimRoundingMode, dilations, dataFormat = "NHWC" }: ConvolutionAttributes,
  depthwise = false,
): Windowed {
  const info = tf.backend_util.computeConv2DInfo(
    inputShape as Extents,
    filterShape as Extents,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
    dataFormat === "NCHW" ? "channelsFirst" : "channelsLast",
  );
  return windowed(info, dataFormat);
}

export function windowed(info: tf.backend_util.Conv2DInfo, dataFormat = "NHWC"): Windowed {
  const { padInfo } = info;
  const window: Window = {
    kernel: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    before: [padInfo.top, padInfo.left],
    after: [padInfo.bottom, padInfo.right],
  };
  return { window, outShape: shapeFromFormat(info.outShape, dataFormat) };
}

const CHANNELS_FIRST = [0, 3, 1, 2];
const CHANNELS_LAST = [0, 2, 3, 1];

/** An image given in a data format, as [n, h, w, c]. */
function fromFormat(b: GraphBuilder, x: Value, format?: string): Value {
  return format === "NCHW" ? transpose(b, x, CHANNELS_LAST) : x;
}

/** An image [n, h, w, c] in a data format. */
export function toFormat(b: GraphBuilder, x: Value, format?: string): Value {
  return format === "NCHW" ? transpose(b, x, CHANNELS_FIRST) : x;
}

/** A shape given in a data format, as that of [n, h, w, c]. */
function shapeFromFormat(shape: readonly number[], format?: string): Shape4 {
  const order = format === "NCHW" ? CHANNELS_LAST : [0, 1, 2, 3];
  return order.map((axis) => shape[axis]!) as Extents;
}
