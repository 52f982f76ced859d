/** Resizing of images. */
import {
  resizeBilinear,
  resizeBilinearGradient,
  resizeNearest,
  resizeNearestGradient,
  type Sampling,
} from "../graph/resize.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { cast } from "../graph/elementwise.ts";
import type { Value } from "../graph/value.ts";
import type { Shape4 } from "../graph/window.ts";
import { tf } from "../tf.ts";
import { type Lowering, type LoweringTable, operand } from "./lowering.ts";

interface ResizeAttributes {
  readonly alignCorners: boolean;
  readonly halfPixelCenters?: boolean;
}

function samplingOf({ alignCorners, halfPixelCenters = false }: ResizeAttributes): Sampling {
  return { alignCorners, halfPixelCenters };
}

type Resize = typeof resizeNearest;
type Gradient = (b: GraphBuilder, dy: Value, shape: Shape4, sampling: Sampling) => Value;

const resize =
  (how: Resize): Lowering<ResizeAttributes & { size: [number, number] }> =>
  (b, operands, attributes) =>
    how(b, operand(operands, "images"), attributes.size, samplingOf(attributes));

const gradient = (how: Gradient): Lowering<ResizeAttributes> => (b, operands, attributes) => {
  const shape = operand(operands, "images").shape as Shape4;
  return how(b, operand(operands, "dy"), shape, samplingOf(attributes));
};

export const resizeLowerings: LoweringTable = {
  [tf.ResizeNearestNeighbor]: resize(resizeNearest),
  [tf.ResizeNearestNeighborGrad]: gradient(resizeNearestGradient),
  [tf.ResizeBilinear]: resize((b, x, size, sampling) =>
    resizeBilinear(b, cast(b, x, "float32"), size, sampling)
  ),
  [tf.ResizeBilinearGrad]: gradient(resizeBilinearGradient),
};
