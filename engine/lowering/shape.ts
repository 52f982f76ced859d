/** Operators that move, make or look up elements. https://onnx.ai/onnx/operators/ */
import { cast, constantTensor, fill, predicate, where } from "../graph/elementwise.ts";
import { concat, pad, reshape, slice, tile, transpose } from "../graph/movement.ts";
import { type ElementType, sizeOf } from "../graph/value.ts";
import { type LoweringTable, operand, operandList, refuse } from "./lowering.ts";
import { tf } from "../tf.ts";
import {
  gather,
  gatherInBatches,
  gatherSlices,
  scatter,
  scatterSum,
  segmentSum,
} from "../graph/lookup.ts";

export const shapeLowerings: LoweringTable = {
  [tf.Reshape]: (b, operands, { shape }: tf.ReshapeAttrs) => {
    const x = operand(operands, "x");
    return reshape(b, x, tf.util.inferFromImplicitShape(shape, sizeOf(x.shape)));
  },
  [tf.ExpandDims]: (b, operands, { dim }: tf.ExpandDimsAttrs) => {
    const x = operand(operands, "input");
    const rank = x.shape.length;
    tf.util.assert(
      -rank - 1 <= dim && dim <= rank,
      () => `Axis must be from ${-rank - 1} to ${rank} to expand [${x.shape}], it is ${dim}`,
    );
    const shape = [...x.shape];
    shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1);
    return reshape(b, x, shape);
  },
  [tf.Transpose]: (b, operands, { perm }: tf.TransposeAttrs) =>
    transpose(b, operand(operands, "x"), perm),
  [tf.Concat]: (b, operands, { axis }: tf.ConcatAttrs) => {
    const values = operandList(operands);
    const [along] = tf.util.parseAxisParam(axis, [...values[0]!.shape]);
    return concat(b, values, along!);
  },
  [tf.Pack]: (b, operands, { axis }: tf.PackAttrs) => {
    const values = operandList(operands);
    const at = axis < 0 ? axis + values[0]!.shape.length + 1 : axis;
    return concat(b, values.map((x) => reshape(b, x, x.shape.toSpliced(at, 0, 1))), at);
  },
  [tf.Unpack]: (b, operands, { axis }: tf.UnpackAttrs) => {
    const x = operand(operands, "value");
    const [along] = tf.util.parseAxisParam(axis, [...x.shape]);
    const size = x.shape.with(along!, 1);
    return Array.from({ length: x.shape[along!]! }, (_, i) => {
      const begin = x.shape.map((_, axis) => axis === along ? i : 0);
      return reshape(b, slice(b, x, begin, size), x.shape.toSpliced(along!, 1));
    });
  },
  [tf.SplitV]: (b, operands, { numOrSizeSplits, axis }: tf.SplitVAttrs) => {
    const x = operand(operands, "x");
    const [along] = tf.util.parseAxisParam(axis, [...x.shape]);
    // prepareSplitSize looks at nothing but the shape.
    const sizes = tf.backend_util.prepareSplitSize(x as never, numOrSizeSplits, along);
    let start = 0;
    return sizes.map((extent) => {
      const begin = x.shape.map((_, axis) => axis === along ? start : 0);
      start += extent;
      return slice(b, x, begin, x.shape.with(along!, extent));
    });
  },
  [tf.Slice]: (b, operands, { begin, size }: tf.SliceAttrs) => {
    const x = operand(operands, "x");
    const [start, extent] = tf.slice_util.parseSliceParams(x as never, begin, size);
    tf.slice_util.assertParamsValid(x as never, start!, extent!);
    return slice(b, x, start!, extent!);
  },
  [tf.StridedSlice]: (b, operands, attributes: tf.StridedSliceAttrs) => {
    const x = operand(operands, "x");
    const { begin, end, strides } = attributes;
    const info = tf.slice_util.sliceInfo(
      [...x.shape],
      begin,
      end,
      strides,
      attributes.beginMask,
      attributes.endMask,
      attributes.ellipsisMask,
      attributes.newAxisMask,
      attributes.shrinkAxisMask,
    );
    // An empty range can have a length of −0.
    const size = tf.slice_util.computeOutShape(info.begin, info.end, info.strides)
      .map((extent) => Math.max(0, extent));
    return reshape(
      b,
      slice(b, x, info.begin, size, info.strides),
      info.finalShape.map((extent) => Math.max(0, extent)),
    );
  },
  [tf.PadV2]: (b, operands, { paddings, constantValue }: tf.PadV2Attrs) =>
    pad(
      b,
      operand(operands, "x"),
      paddings.map(([before]) => before),
      paddings.map(([, after]) => after),
      constantValue,
    ),
  [tf.Tile]: (b, operands, { reps }: tf.TileAttrs) => tile(b, operand(operands, "x"), reps),
  [tf.Reverse]: (b, operands, { dims }: tf.ReverseAttrs) => {
    const x = operand(operands, "x");
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
  [tf.Diag]: (b, operands) => {
    const x = operand(operands, "x");
    const count = sizeOf(x.shape);
    const places = constantTensor(b, Int32Array.from({ length: count }, (_, i) => i), [count]);
    const onDiagonal = predicate(b, "Equal", [places, reshape(b, places, [count, 1])]);
    const square = where(b, onDiagonal, reshape(b, x, [count]), fill(b, 0, [], x.dtype));
    return reshape(b, square, [...x.shape, ...x.shape]);
  },
  [tf.ZerosLike]: (b, operands) => {
    const x = operand(operands, "x");
    return fill(b, 0, x.shape, x.dtype);
  },
  [tf.OnesLike]: (b, operands) => {
    const x = operand(operands, "x");
    return fill(b, 1, x.shape, x.dtype);
  },
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
};

export const indexingLowerings: LoweringTable = {
  [tf.GatherV2]: (b, operands, { axis, batchDims }: tf.GatherV2Attrs) => {
    const [x, indices] = [operand(operands, "x"), operand(operands, "indices")];
    const [along] = tf.util.parseAxisParam(axis, [...x.shape]);
    // Checks the shapes; only they are looked at.
    const { outputShape } = tf.backend_util.segment_util.collectGatherOpShapeInfo(
      x as never,
      indices as never,
      along!,
      batchDims,
    );
    const whole = cast(b, indices, "int32");
    const batches = batchDims < 0 ? batchDims + indices.shape.length : batchDims;
    if (batches === 0) return gather(b, x, whole, along!);
    return reshape(b, gatherInBatches(b, x, whole, along!, batches), outputShape);
  },
  [tf.GatherNd]: (b, operands) => {
    const [x, indices] = [operand(operands, "params"), operand(operands, "indices")];
    const [shape] = tf.gather_util.prepareAndValidate(x as never, indices as never);
    return gatherSlices(b, x, indices, shape);
  },
  [tf.ScatterNd]: (b, operands, { shape }: tf.ScatterNdAttrs) => {
    const [indices, updates] = [operand(operands, "indices"), operand(operands, "updates")];
    // TensorFlow.js's own reading: how many updates there are, and how many axes an index has.
    const { sliceRank, numUpdates } = tf.scatter_util.calculateShapes(
      updates as never,
      indices as never,
      shape,
    );
    return scatterSum(
      b,
      reshape(b, indices, [numUpdates, sliceRank]),
      reshape(b, updates, [numUpdates, ...shape.slice(sliceRank)]),
      shape,
    );
  },
  [tf.TensorScatterUpdate]: (b, operands) =>
    scatter(
      b,
      operand(operands, "tensor"),
      operand(operands, "indices"),
      operand(operands, "updates"),
      false,
    ),
  // By comparison rather than ONNX's OneHot, which counts negative indices from the end.
  [tf.OneHot]: (b, operands, { depth, onValue, offValue, dtype }: tf.OneHotAttrs) => {
    const indices = operand(operands, "indices");
    const classes = constantTensor(b, Int32Array.from({ length: depth }, (_, i) => i), [depth]);
    const column = reshape(b, indices, [...indices.shape, 1]);
    const hit = predicate(b, "Equal", [column, classes]);
    const type = (dtype ?? "int32") as ElementType;
    if (onValue === 1 && offValue === 0) return cast(b, hit, type);
    return where(b, hit, fill(b, onValue, [], type), fill(b, offValue, [], type));
  },
  // The gradient of a gather along the first axis.
  [tf.UnsortedSegmentSum]: (b, operands, { numSegments }: tf.UnsortedSegmentSumAttrs) =>
    segmentSum(b, operand(operands, "x"), operand(operands, "segmentIds"), numSegments),
};
