/** TensorFlow.js's own reading of strides and padding, so that it is never interpreted twice. */
import type { GraphBuilder } from "../graph/builder.ts";
import { transpose } from "../graph/movement.ts";
import type { Value } from "../graph/value.ts";
import type { Shape4, Window } from "../graph/window.ts";
import { tf } from "../tf.ts";

type Extents = [number, number, number, number];
type Padding = Parameters<typeof tf.backend_util.computeConv2DInfo>[4];

export interface ConvolutionAttributes {
  readonly strides: [number, number] | number;
  readonly pad: Padding;
  readonly dataFormat?: string;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
  readonly dilations?: [number, number] | number | null;
}

export interface PoolAttributes {
  readonly filterSize: [number, number] | number;
  readonly strides: [number, number] | number;
  readonly pad: Padding;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
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
export function convolutionWindow(
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

export function poolWindow(
  inputShape: readonly number[],
  { filterSize, strides, pad, dimRoundingMode }: PoolAttributes,
): Windowed {
  return windowed(tf.backend_util.computePool2DInfo(
    inputShape as Extents,
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  ));
}

function windowed(info: tf.backend_util.Conv2DInfo, dataFormat = "NHWC"): Windowed {
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
export function fromFormat(b: GraphBuilder, x: Value, format?: string): Value {
  return format === "NCHW" ? transpose(b, x, CHANNELS_LAST) : x;
}

/** An image [n, h, w, c] in a data format. */
export function toFormat(b: GraphBuilder, x: Value, format?: string): Value {
  return format === "NCHW" ? transpose(b, x, CHANNELS_FIRST) : x;
}

/** A shape given in a data format, as that of [n, h, w, c]. */
export function shapeFromFormat(shape: readonly number[], format?: string): Shape4 {
  const order = format === "NCHW" ? CHANNELS_LAST : [0, 1, 2, 3];
  return order.map((axis) => shape[axis]!) as Extents;
}
