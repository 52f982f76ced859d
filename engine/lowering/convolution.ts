/** Convolutions with both gradients. https://onnx.ai/onnx/operators/onnx__Conv.html */
import type { GraphBuilder } from "../graph/builder.ts";
import {
  convolution,
  convolutionFilterGradient,
  convolutionInputGradient,
} from "../graph/convolution.ts";
import { depthwise, depthwiseFilterGradient, depthwiseInputGradient } from "../graph/depthwise.ts";
import { sameShape, type Value } from "../graph/value.ts";
import type { Shape4 } from "../graph/window.ts";
import { refuse } from "../refusal.ts";
import { tf } from "../tf.ts";
import { type LoweringTable, operand } from "./lowering.ts";
import {
  type ConvolutionAttributes,
  convolutionWindow,
  fromFormat,
  shapeFromFormat,
  toFormat,
} from "./windows.ts";

interface OfShape extends ConvolutionAttributes {
  readonly inputShape: Shape4;
  readonly filterShape: Shape4;
}

export const convolutionLowerings: LoweringTable = {
  [tf.Conv2D]: (b, operands, attributes: ConvolutionAttributes) =>
    convolve(b, operand(operands, "x"), operand(operands, "filter"), attributes),
  [tf.Conv2DBackpropInput]: (b, operands, attributes: OfShape) => {
    const { dataFormat } = attributes;
    const dy = fromFormat(b, operand(operands, "dy"), dataFormat);
    const filter = operand(operands, "filter");
    const shape = shapeFromFormat(attributes.inputShape, dataFormat);
    const { window, outShape } = convolutionWindow(
      attributes.inputShape,
      filter.shape,
      attributes,
    );
    if (!sameShape(dy.shape, outShape)) {
      refuse(
        tf.Conv2DBackpropInput,
        `to [${shape}] from [${dy.shape}]`,
        `a convolution of that shape gives [${outShape}]`,
      );
    }
    return toFormat(b, convolutionInputGradient(b, dy, filter, window, shape), dataFormat);
  },
  [tf.Conv2DBackpropFilter]: (b, operands, attributes: OfShape) => {
    const x = fromFormat(b, operand(operands, "x"), attributes.dataFormat);
    const dy = fromFormat(b, operand(operands, "dy"), attributes.dataFormat);
    const { window } = convolutionWindow(
      operand(operands, "x").shape,
      attributes.filterShape,
      attributes,
    );
    return convolutionFilterGradient(b, x, dy, window);
  },
  [tf.DepthwiseConv2dNative]: (b, operands, attributes: ConvolutionAttributes) =>
    convolveDepthwise(b, operand(operands, "x"), operand(operands, "filter"), attributes),
  [tf.DepthwiseConv2dNativeBackpropInput]: (b, operands, attributes: OfShape) => {
    const [dy, filter] = [operand(operands, "dy"), operand(operands, "filter")];
    const { window } = convolutionWindow(attributes.inputShape, filter.shape, attributes, true);
    return depthwiseInputGradient(b, dy, filter, window, attributes.inputShape);
  },
  [tf.DepthwiseConv2dNativeBackpropFilter]: (b, operands, attributes: OfShape) => {
    const [x, dy] = [operand(operands, "x"), operand(operands, "dy")];
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
