/** Reductions, and softmax. https://onnx.ai/onnx/operators/ */
import { cast, fill, predicate, unlessNaN } from "../graph/elementwise.ts";
import { reshape } from "../graph/movement.ts";
import { reduce, type ReduceOp } from "../graph/reduction.ts";
import { cumulativeProduct, cumulativeSum } from "../graph/scan.ts";
import { refuse } from "../refusal.ts";
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

/** The place of an extreme element; NaN is passed over, as TensorFlow.js has it. */
const argument =
  (op: "ArgMax" | "ArgMin"): Lowering<{ axis: number }> => (b, operands, { axis }) => {
    const given = operand(operands, "x");
    const [along] = tf.util.parseAxisParam(axis, [...given.shape]);
    if (given.shape[along!] === 0) {
      refuse(op, `over an axis without elements, of [${given.shape}]`, "there is no place to name");
    }
    const shape = given.shape.filter((_, i) => i !== along);
    const numbers = given.dtype === "bool" ? cast(b, given, "int32") : given;
    const last = fill(b, op === "ArgMax" ? -Infinity : Infinity, []);
    const x = numbers.dtype === "float32" ? unlessNaN(b, numbers, numbers, last) : numbers;
    const indices = b.node(
      { op, inputs: [x], attributes: { axis: along!, keepdims: 0 } },
      { shape, dtype: "int64" },
    );
    return cast(b, indices, "int32");
  };

const scanWith =
  (scan: typeof cumulativeSum): Lowering<tf.CumsumAttrs> =>
  (b, operands, { axis, exclusive, reverse }) => {
    const given = operand(operands, "x");
    const x = given.dtype === "bool" ? cast(b, given, "int32") : given;
    const [along] = tf.util.parseAxisParam(axis, [...x.shape]);
    return scan(b, x, { axis: along!, exclusive, reverse });
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
  [tf.Cumsum]: scanWith(cumulativeSum),
  [tf.Cumprod]: scanWith(cumulativeProduct),
  // The k largest along the last axis and their places, in falling order.
  [tf.TopK]: (b, operands, { k }: tf.TopKAttrs) => {
    const x = operand(operands, "x");
    const shape = x.shape.with(-1, k);
    const [values, places] = b.nodes({
      op: "TopK",
      inputs: [x, b.integers([k])],
      attributes: { axis: -1, largest: 1, sorted: 1 },
    }, [{ shape, dtype: x.dtype }, { shape, dtype: "int64" }]);
    return [values!, cast(b, places!, "int32")];
  },
  [tf.SearchSorted]: (b, operands, { side }: tf.SearchSortedAttrs) => {
    const [sequence, values] = [operand(operands, "sortedSequence"), operand(operands, "values")];
    const [batch, length] = sequence.shape as [number, number];
    const count = values.shape[1]!;
    // As many as are before each value.
    const before = predicate(b, side === "left" ? "Less" : "LessOrEqual", [
      reshape(b, sequence, [batch, 1, length]),
      reshape(b, values, [batch, count, 1]),
    ]);
    return reduce(b, "ReduceSum", cast(b, before, "int32"), [2], false);
  },
  [tf.Softmax]: (b, operands, { dim }: tf.SoftmaxAttrs) => {
    const x = operand(operands, "logits");
    return b.node({ op: "Softmax", inputs: [x], attributes: { axis: dim } }, x);
  },
};
