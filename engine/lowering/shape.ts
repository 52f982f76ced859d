/**
 * Operators that move or make elements, and moves between the axes of space, channels and batch.
 * https://onnx.ai/onnx/operators/
 */
import { constantTensor, fill, type GraphBuilder } from "../graph/builder.ts";
import { predicate, where } from "../graph/elementwise.ts";
import {
  concat,
  pad,
  reshape,
  slice,
  sliceAlong,
  take,
  tile,
  transpose,
} from "../graph/movement.ts";
import { type ElementType, sizeOf, type Value } from "../graph/value.ts";
import { type LoweringTable, type Of, refuse } from "./lowering.ts";
import { sliceInfoOf } from "../gradient_formulas.ts";
import { tf } from "../tf.ts";

export const shapeLowerings: LoweringTable = {
  [tf.Reshape]: (b, { x }: Of<"x">, { shape }: tf.ReshapeAttrs) =>
    reshape(b, x, tf.util.inferFromImplicitShape(shape, sizeOf(x.shape))),
  [tf.ExpandDims]: (b, { input: x }: Of<"input">, { dim }: tf.ExpandDimsAttrs) => {
    const rank = x.shape.length;
    tf.util.assert(
      -rank - 1 <= dim && dim <= rank,
      () => `Axis must be from ${-rank - 1} to ${rank} to expand [${x.shape}], it is ${dim}`,
    );
    const shape = [...x.shape];
    shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1);
    return reshape(b, x, shape);
  },
  [tf.Transpose]: (b, { x }: Of<"x">, { perm }: tf.TransposeAttrs) => transpose(b, x, perm),
  [tf.Concat]: (b, operands: Of, { axis }: tf.ConcatAttrs) => {
    const values = Object.values(operands);
    const [along] = tf.util.parseAxisParam(axis, [...values[0]!.shape]);
    return concat(b, values, along!);
  },
  [tf.Pack]: (b, operands: Of, { axis }: tf.PackAttrs) => {
    const values = Object.values(operands);
    const at = axis < 0 ? axis + values[0]!.shape.length + 1 : axis;
    return concat(b, values.map((x) => reshape(b, x, x.shape.toSpliced(at, 0, 1))), at);
  },
  [tf.Unpack]: (b, { value: x }: Of<"value">, { axis }: tf.UnpackAttrs) => {
    const [along] = tf.util.parseAxisParam(axis, [...x.shape]);
    return Array.from(
      { length: x.shape[along!]! },
      (_, i) => reshape(b, sliceAlong(b, x, along!, i, 1), x.shape.toSpliced(along!, 1)),
    );
  },
  [tf.SplitV]: (b, { x }: Of<"x">, { numOrSizeSplits, axis }: tf.SplitVAttrs) => {
    const [along] = tf.util.parseAxisParam(axis, [...x.shape]);
    // prepareSplitSize looks at nothing but the shape.
    const sizes = tf.backend_util.prepareSplitSize(x as never, numOrSizeSplits, along);
    let start = 0;
    return sizes.map((extent) => {
      const part = sliceAlong(b, x, along!, start, extent);
      start += extent;
      return part;
    });
  },
  [tf.Slice]: (b, { x }: Of<"x">, { begin, size }: tf.SliceAttrs) => {
    const [start, extent] = tf.slice_util.parseSliceParams(x as never, begin, size);
    tf.slice_util.assertParamsValid(x as never, start!, extent!);
    return slice(b, x, start!, extent!);
  },
  [tf.StridedSlice]: (b, { x }: Of<"x">, attributes: tf.StridedSliceAttrs) => {
    const info = sliceInfoOf(x.shape, attributes);
    // An empty range can have a length of −0.
    const size = tf.slice_util.computeOutShape(info.begin, info.end, info.strides)
      .map((extent) => Math.max(0, extent));
    return reshape(
      b,
      slice(b, x, info.begin, size, info.strides),
      info.finalShape.map((extent) => Math.max(0, extent)),
    );
  },
  [tf.PadV2]: (b, { x }: Of<"x">, { paddings, constantValue }: tf.PadV2Attrs) =>
    pad(
      b,
      x,
      paddings.map(([before]) => before),
      paddings.map(([, after]) => after),
      constantValue,
    ),
  [tf.Tile]: (b, { x }: Of<"x">, { reps }: tf.TileAttrs) => tile(b, x, reps),
  [tf.Reverse]: (b, { x }: Of<"x">, { dims }: tf.ReverseAttrs) => {
    const axes = tf.util.parseAxisParam(dims, [...x.shape]);
    const turned = (axis: number) => axes.includes(axis);
    return slice(
      b,
      x,
      x.shape.map((extent, axis) => turned(axis) ? extent - 1 : 0),
      x.shape,
      x.shape.map((_, axis) => turned(axis) ? -1 : 1),
    );
  },
  [tf.Fill]: (b, _, { shape, value, dtype }: tf.FillAttrs) =>
    typeof value === "string"
      ? refuse(tf.Fill, "of strings", "only numbers and booleans can be compiled")
      : fill(b, Number(value), shape, (dtype ?? "float32") as ElementType),
  [tf.Diag]: (b, { x }: Of<"x">) => {
    const count = sizeOf(x.shape);
    const places = constantTensor(b, Int32Array.from({ length: count }, (_, i) => i), [count]);
    const onDiagonal = predicate(b, "Equal", [places, reshape(b, places, [count, 1])]);
    const square = where(b, onDiagonal, reshape(b, x, [count]), fill(b, 0, [], x.dtype));
    return reshape(b, square, [...x.shape, ...x.shape]);
  },
  [tf.ZerosLike]: (b, { x }: Of<"x">) => fill(b, 0, x.shape, x.dtype),
  [tf.OnesLike]: (b, { x }: Of<"x">) => fill(b, 1, x.shape, x.dtype),
  [tf.Range]: (b, _, { start, stop, step, dtype }: tf.RangeAttrs) => {
    // Downwards by itself, as TensorFlow.js has it.
    const by = stop < start && step === 1 ? -1 : step;
    const length = Math.max(0, Math.ceil((stop - start) / by));
    const values = Array.from({ length }, (_, i) => start + i * by);
    return constantTensor(
      b,
      dtype === "int32" ? Int32Array.from(values) : Float32Array.from(values),
      [length],
    );
  },
  [tf.LinSpace]: (b, _, { start, stop, num }: tf.LinSpaceAttrs) => {
    const gap = num > 1 ? (stop - start) / (num - 1) : 0;
    return constantTensor(b, Float32Array.from({ length: num }, (_, i) => start + i * gap), [num]);
  },

  [tf.DepthToSpace]: (b, { x }: Of<"x">, { blockSize, dataFormat }: tf.DepthToSpaceAttrs) => {
    if (dataFormat !== "NHWC") {
      refuse(tf.DepthToSpace, `with data format ${dataFormat}`, "only NHWC can be compiled");
    }
    const [n, h, w, c] = x.shape as [number, number, number, number];
    const depth = c / blockSize ** 2;
    const apart = reshape(b, x, [n, h, w, blockSize, blockSize, depth]);
    const mixed = transpose(b, apart, [0, 1, 3, 2, 4, 5]);
    return reshape(b, mixed, [n, h * blockSize, w * blockSize, depth]);
  },
  [tf.SpaceToBatchND]: (b, { x }: Of<"x">, { blockShape, paddings }: tf.SpaceToBatchNDAttrs) => {
    const around = (side: 0 | 1) => x.shape.map((_, axis) => paddings[axis - 1]?.[side] ?? 0);
    const padded = pad(b, x, around(0), around(1));
    const shape = [...padded.shape];
    const blocks = tf.util.sizeFromShape(blockShape);
    const split = tf.backend_util.getReshaped(shape, blockShape, blocks, false);
    const perm = tf.backend_util.getPermuted(split.length, blockShape.length, false);
    const joined = tf.backend_util.getReshapedPermuted(shape, blockShape, blocks, false);
    return reshape(b, transpose(b, reshape(b, padded, split), perm), joined);
  },
  [tf.BatchToSpaceND]: (b, { x }: Of<"x">, { blockShape, crops }: tf.BatchToSpaceNDAttrs) => {
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
  [tf.MirrorPad]: (b, { x }: Of<"x">, { paddings, mode }: tf.MirrorPadAttrs) => {
    // Whether the outermost elements are repeated.
    const edge = mode === "symmetric" ? 1 : 0;
    return paddings.reduce(
      (x, [before, after], axis) =>
        before === 0 && after === 0 ? x : mirror(b, x, axis, [before, after], edge),
      x,
    );
  },
  [tf.FlipLeftRight]: (b, { image: x }: Of<"image">) => {
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
  return take(b, x, axis, places);
}
