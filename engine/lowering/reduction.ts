/** Reductions, and softmax. https://onnx.ai/onnx/operators/ */
import { cast } from "../graph/elementwise.ts";
import { reduce, type ReduceOp } from "../graph/reduction.ts";
import { tf } from "../tf.ts";
import { type Lowering, type LoweringTable, operand } from "./lowering.ts";

interface ReduceAttributes {
  readonly axis: number | number[];
  readonly keepDims: boolean;
}

const reduceWith = (op: ReduceOp): Lowering<ReduceAttributes> => (b, operands, attributes) => {
  const x = operand(operands, "x");
  const axes = tf.util.parseAxisParam(attributes.axis, [...x.shape]);
  return reduce(b, op, x, axes, attributes.keepDims);
};

const argument = (op: string): Lowering<{ axis: number }> => (b, operands, { axis }) => {
  const x = operand(operands, "x");
  const [along] = tf.util.parseAxisParam(axis, [...x.shape]);
  const shape = x.shape.filter((_, i) => i !== along);
  const indices = b.node(
    { op, inputs: [x], attributes: { axis: along!, keepdims: 0 } },
    { shape, dtype: "int64" },
  );
  return cast(b, indices, "int32");
};

export const reductionLowerings: LoweringTable = {
  [tf.Sum]: reduceWith("ReduceSum"),
  // A mean of integers is a float.
  [tf.Mean]: (b, operands, attributes: ReduceAttributes) => {
    const x = cast(b, operand(operands, "x"), "float32");
    return reduceWith("ReduceMean")(b, { x }, attributes);
  },
  [tf.Min]: reduceWith("ReduceMin"),
  [tf.Prod]: reduceWith("ReduceProd"),
  [tf.Max]: (b, operands, { reductionIndices, keepDims }: tf.MaxAttrs) =>
    reduceWith("ReduceMax")(b, operands, { axis: reductionIndices, keepDims }),
  [tf.ArgMax]: argument("ArgMax"),
  [tf.ArgMin]: argument("ArgMin"),
  [tf.Cumsum]: (b, operands, { axis, exclusive, reverse }: tf.CumsumAttrs) => {
    const x = operand(operands, "x");
    const [along] = tf.util.parseAxisParam(axis, [...x.shape]);
    return b.node({
      op: "CumSum",
      inputs: [x, b.constant(BigInt64Array.of(BigInt(along!)), [])],
      attributes: { exclusive: Number(exclusive), reverse: Number(reverse) },
    }, x);
  },
  [tf.Softmax]: (b, operands, { dim }: tf.SoftmaxAttrs) => {
    const x = operand(operands, "logits");
    return b.node({ op: "Softmax", inputs: [x], attributes: { axis: dim } }, x);
  },
};
