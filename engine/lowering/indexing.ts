/**
 * Look-ups by indices that are not known when a function is traced, and sums into such places.
 * https://onnx.ai/onnx/operators/onnx__Gather.html
 */
import { binary } from "../graph/arithmetic.ts";
import { constantTensor, fill, type GraphBuilder } from "../graph/builder.ts";
import { cast, predicate, where } from "../graph/elementwise.ts";
import { reshape, slice } from "../graph/movement.ts";
import { type ElementType, sizeOf, type Value } from "../graph/value.ts";
import { tf } from "../tf.ts";
import type { LoweringTable, Of } from "./lowering.ts";

export const indexingLowerings: LoweringTable = {
  [tf.GatherV2]: (
    b,
    { x, indices }: Of<"x" | "indices">,
    { axis, batchDims }: tf.GatherV2Attrs,
  ) => {
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
  [tf.GatherNd]: (b, { params: x, indices }: Of<"params" | "indices">) => {
    const [shape] = tf.gather_util.prepareAndValidate(x as never, indices as never);
    return gatherSlices(b, x, indices, shape);
  },
  [tf.ScatterNd]: (
    b,
    { indices, updates }: Of<"indices" | "updates">,
    { shape }: tf.ScatterNdAttrs,
  ) => {
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
  [tf.TensorScatterUpdate]: (
    b,
    { tensor, indices, updates }: Of<"tensor" | "indices" | "updates">,
  ) =>
    scatter(
      b,
      tensor,
      indices,
      updates,
      false,
    ),
  // By comparison rather than ONNX's OneHot, which counts negative indices from the end.
  [tf.OneHot]: (
    b,
    { indices }: Of<"indices">,
    { depth, onValue, offValue, dtype }: tf.OneHotAttrs,
  ) => {
    const classes = constantTensor(b, Int32Array.from({ length: depth }, (_, i) => i), [depth]);
    const column = reshape(b, indices, [...indices.shape, 1]);
    const hit = predicate(b, "Equal", [column, classes]);
    const type = (dtype ?? "int32") as ElementType;
    if (onValue === 1 && offValue === 0) return cast(b, hit, type);
    return where(b, hit, fill(b, onValue, [], type), fill(b, offValue, [], type));
  },
  // The gradient of a gather along the first axis.
  [tf.UnsortedSegmentSum]: (
    b,
    { x, segmentIds }: Of<"x" | "segmentIds">,
    { numSegments }: tf.UnsortedSegmentSumAttrs,
  ) => segmentSum(b, x, segmentIds, numSegments),
};

/** An index that no axis has, so that looking it up fails. */
const NOWHERE = 2 ** 31 - 1;

/** The elements of `x` along an axis at `indices`. A run fails if an index is out of range. */
function gather(b: GraphBuilder, x: Value, indices: Value, axis: number): Value {
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return b.node(
    { op: "Gather", inputs: [x, withoutNegatives(b, indices)], attributes: { axis } },
    { shape, dtype: x.dtype },
  );
}

/** ONNX counts negative indices from the end; here they are out of range. */
function withoutNegatives(b: GraphBuilder, indices: Value): Value {
  const { data } = indices.node;
  if (data && [...data].every((index) => index >= 0)) return indices;
  return where(b, predicate(b, "Less", [indices, 0]), NOWHERE, indices);
}

/** The same with an index tensor for each element of the first `batchDims` axes, which both share. */
function gatherInBatches(
  b: GraphBuilder,
  x: Value,
  indices: Value,
  axis: number,
  batchDims: number,
): Value {
  const batch = x.shape.slice(0, batchDims);
  const [count, extent] = [sizeOf(batch), x.shape[axis]!];
  const outer = x.shape.slice(batchDims, axis);
  const inner = x.shape.slice(axis + 1);
  const own = indices.shape.slice(batchDims);
  // One index for each outer element too, into all elements in a row.
  const rows = count * sizeOf(outer);
  const flat = reshape(b, x, [rows * extent, ...inner]);
  const each = reshape(b, indices, [count, 1, sizeOf(own)]);
  const starts = b.constant(
    Int32Array.from({ length: rows }, (_, row) => row * extent),
    [count, sizeOf(outer), 1],
  );
  const wrong = predicate(b, "Or", [
    predicate(b, "Less", [each, 0]),
    predicate(b, "GreaterOrEqual", [each, extent]),
  ]);
  const places = where(b, wrong, NOWHERE, binary(b, "Add", each, starts));
  const found = b.node(
    { op: "Gather", inputs: [flat, places], attributes: { axis: 0 } },
    { shape: [...places.shape, ...inner], dtype: x.dtype },
  );
  return reshape(b, found, [...batch, ...outer, ...own, ...inner]);
}

/** The slices of `x` at the index vectors that the last axis of `indices` holds. */
function gatherSlices(
  b: GraphBuilder,
  x: Value,
  indices: Value,
  shape: readonly number[],
): Value {
  const places = cast(b, withoutNegatives(b, indices), "int64");
  return b.node({ op: "GatherND", inputs: [x, places] }, { shape, dtype: x.dtype });
}

/** Zeros of `shape` with each of `updates` added at its index vector. */
function scatterSum(
  b: GraphBuilder,
  indices: Value,
  updates: Value,
  shape: readonly number[],
): Value {
  return scatter(b, fill(b, 0, shape, updates.dtype), indices, updates, true);
}

/** `x` with `updates` put, or added, at their index vectors. */
function scatter(
  b: GraphBuilder,
  x: Value,
  indices: Value,
  updates: Value,
  add: boolean,
): Value {
  if (sizeOf(updates.shape) === 0) return x;
  const places = cast(b, withoutNegatives(b, indices), "int64");
  return b.node(
    {
      op: "ScatterND",
      inputs: [x, places, updates],
      attributes: add ? { reduction: "add" } : {},
    },
    x,
  );
}

/** Rows added up by their segment; those of no segment are dropped. */
function segmentSum(
  b: GraphBuilder,
  x: Value,
  segments: Value,
  count: number,
): Value {
  const rest = x.shape.slice(segments.shape.length);
  const rows = sizeOf(segments.shape);
  const places = reshape(b, segments, [rows, 1]);
  // Dropped rows go to a row of their own, which is cut off.
  const inside = binary(b, "Min", places, count);
  const kept = where(b, predicate(b, "Less", [inside, 0]), count, inside);
  const sums = scatterSum(b, kept, reshape(b, x, [rows, ...rest]), [count + 1, ...rest]);
  return slice(b, sums, [0, ...rest.map(() => 0)], [count, ...rest]);
}
