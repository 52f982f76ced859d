/** Look-ups by index. https://onnx.ai/onnx/operators/onnx__Gather.html */
import { binary } from "../graph/arithmetic.ts";
import { cast, constantTensor, elementwise, fill, predicate } from "../graph/elementwise.ts";
import { reshape, slice } from "../graph/movement.ts";
import { type ElementType, sizeOf } from "../graph/value.ts";
import { tf } from "../tf.ts";
import { type LoweringTable, operand } from "./lowering.ts";

export const indexingLowerings: LoweringTable = {
  [tf.GatherV2]: (b, operands, { axis, batchDims }: tf.GatherV2Attrs) => {
    const [x, indices] = [operand(operands, "x"), operand(operands, "indices")];
    if (batchDims) {
      throw new Error("Gather with batch dimensions: only batchDims = 0 can be compiled");
    }
    const [along] = tf.util.parseAxisParam(axis, [...x.shape]);
    const shape = [
      ...x.shape.slice(0, along),
      ...indices.shape,
      ...x.shape.slice(along! + 1),
    ];
    return b.node(
      { op: "Gather", inputs: [x, indices], attributes: { axis: along! } },
      { shape, dtype: x.dtype },
    );
  },
  // By comparison rather than ONNX's OneHot, which counts negative indices from the end.
  [tf.OneHot]: (b, operands, { depth, onValue, offValue, dtype }: tf.OneHotAttrs) => {
    const indices = operand(operands, "indices");
    const classes = constantTensor(b, Int32Array.from({ length: depth }, (_, i) => i), [depth]);
    const column = reshape(b, indices, [...indices.shape, 1]);
    const hit = cast(b, predicate(b, "Equal", [column, classes]), "float32");
    const scaled = binary(b, "Mul", hit, fill(b, onValue - offValue, []));
    const value = binary(b, "Add", scaled, fill(b, offValue, []));
    return cast(b, value, (dtype ?? "int32") as ElementType);
  },
  // The gradient of a gather along the first axis: rows added up by their index. Those with a
  // negative index are dropped: they go to a row of their own, which is cut off.
  [tf.UnsortedSegmentSum]: (b, operands, { numSegments }: tf.UnsortedSegmentSumAttrs) => {
    const [x, segments] = [operand(operands, "x"), operand(operands, "segmentIds")];
    const rest = x.shape.slice(segments.shape.length);
    const shape = [numSegments + 1, ...rest];
    const rows = sizeOf(segments.shape);
    const places = reshape(b, segments, [rows, 1]);
    const kept = elementwise(b, { op: "Where", dtype: "int32" }, [
      predicate(b, "Less", [places, fill(b, 0, [], "int32")]),
      fill(b, numSegments, [], "int32"),
      places,
    ]);
    const indices = cast(b, kept, "int64");
    const zeros = b.constant(new Float32Array(sizeOf(shape)), shape);
    const sums = b.node({
      op: "ScatterND",
      inputs: [zeros, indices, reshape(b, x, [rows, ...rest])],
      attributes: { reduction: "add" },
    }, { shape, dtype: x.dtype });
    return slice(b, sums, shape.map(() => 0), [numSegments, ...rest]);
  },
};
