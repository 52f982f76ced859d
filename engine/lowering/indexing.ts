/** Look-ups by index. https://onnx.ai/onnx/operators/onnx__Gather.html */
import { constantTensor, fill, predicate, where } from "../graph/elementwise.ts";
import { cast } from "../graph/elementwise.ts";
import {
  gather,
  gatherInBatches,
  gatherSlices,
  scatter,
  scatterSum,
  segmentSum,
} from "../graph/lookup.ts";
import { reshape } from "../graph/movement.ts";
import type { ElementType } from "../graph/value.ts";
import { tf } from "../tf.ts";
import { type LoweringTable, operand } from "./lowering.ts";

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
