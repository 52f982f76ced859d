/** Resizing of images, and moves between the axes of space, channels and batch. */
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
import type { Shape4 } from "../graph/image_layout.ts";
import { tf } from "../tf.ts";
import { type Lowering, type LoweringTable, operand, refuse } from "./lowering.ts";
import { pad, reshape, slice, transpose } from "../graph/movement.ts";

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

export const spaceLowerings: LoweringTable = {
  [tf.DepthToSpace]: (b, operands, { blockSize, dataFormat }: tf.DepthToSpaceAttrs) => {
    if (dataFormat !== "NHWC") {
      refuse(tf.DepthToSpace, `with data format ${dataFormat}`, "only NHWC can be compiled");
    }
    const x = operand(operands, "x");
    const [n, h, w, c] = x.shape as [number, number, number, number];
    const depth = c / blockSize ** 2;
    const apart = reshape(b, x, [n, h, w, blockSize, blockSize, depth]);
    const mixed = transpose(b, apart, [0, 1, 3, 2, 4, 5]);
    return reshape(b, mixed, [n, h * blockSize, w * blockSize, depth]);
  },
  [tf.SpaceToBatchND]: (b, operands, { blockShape, paddings }: tf.SpaceToBatchNDAttrs) => {
    const x = operand(operands, "x");
    const around = (side: 0 | 1) => x.shape.map((_, axis) => paddings[axis - 1]?.[side] ?? 0);
    const padded = pad(b, x, around(0), around(1));
    const shape = [...padded.shape];
    const blocks = tf.util.sizeFromShape(blockShape);
    const split = tf.backend_util.getReshaped(shape, blockShape, blocks, false);
    const perm = tf.backend_util.getPermuted(split.length, blockShape.length, false);
    const joined = tf.backend_util.getReshapedPermuted(shape, blockShape, blocks, false);
    return reshape(b, transpose(b, reshape(b, padded, split), perm), joined);
  },
  [tf.BatchToSpaceND]: (b, operands, { blockShape, crops }: tf.BatchToSpaceNDAttrs) => {
    const x = operand(operands, "x");
    const shape = [...x.shape];
    const blocks = tf.util.sizeFromShape(blockShape);
    const split = tf.backend_util.getReshaped(shape, blockShape, blocks);
    const perm = tf.backend_util.getPermuted(split.length, blockShape.length);
    const joined = tf.backend_util.getReshapedPermuted(shape, blockShape, blocks);
    const whole = reshape(b, transpose(b, reshape(b, x, split), perm), joined);
    const [begin, size] = tf.slice_util.parseSliceParams(
      whole as never,
      tf.backend_util.getSliceBeginCoords(crops, blockShape.length),
      tf.backend_util.getSliceSize(joined, crops, blockShape.length),
    );
    return slice(b, whole, begin!, size!);
  },
  [tf.MirrorPad]: (b, operands, { paddings, mode }: tf.MirrorPadAttrs) => {
    // Whether the outermost elements are repeated.
    const edge = mode === "symmetric" ? 1 : 0;
    return paddings.reduce(
      (x, [before, after], axis) =>
        before === 0 && after === 0 ? x : mirror(b, x, axis, [before, after], edge),
      operand(operands, "x"),
    );
  },
  [tf.FlipLeftRight]: (b, operands) => {
    const x = operand(operands, "image");
    const [, , w] = x.shape;
    return slice(b, x, [0, 0, w! - 1, 0], x.shape, [1, 1, -1, 1]);
  },
};

/** `x` with mirror images of its beginning and end around it, along an axis. */
function mirror(
  b: GraphBuilder,
  x: Value,
  axis: number,
  [before, after]: readonly [number, number],
  edge: number,
): Value {
  const extent = x.shape[axis]!;
  const places = Array.from({ length: before + extent + after }, (_, i) => {
    const at = i - before;
    return at < 0 ? -at - edge : at >= extent ? 2 * (extent - 1) - at + edge : at;
  });
  return b.node({
    op: "Gather",
    inputs: [x, b.constant(Int32Array.from(places), [places.length])],
    attributes: { axis },
  }, { shape: x.shape.with(axis, places.length), dtype: x.dtype });
}
