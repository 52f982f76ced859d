/** Comparisons, logic and selection. https://onnx.ai/onnx/operators/ */
import { cast, elementwise, predicate } from "../graph/elementwise.ts";
import { reduce } from "../graph/reduction.ts";
import { reshape } from "../graph/movement.ts";
import { tf } from "../tf.ts";
import { type Lowering, type LoweringTable, operand } from "./lowering.ts";

const compare = (op: string): Lowering => (b, operands) =>
  predicate(b, op, [operand(operands, "a"), operand(operands, "b")]);

/** Reduces booleans as 32-bit integers: ONNX's reductions do not take booleans. */
const reduceBooleans =
  (op: "ReduceMin" | "ReduceMax"): Lowering<{ axis: number | number[]; keepDims: boolean }> =>
  (b, operands, { axis, keepDims }) => {
    const x = operand(operands, "x");
    const axes = tf.util.parseAxisParam(axis, [...x.shape]);
    return cast(b, reduce(b, op, cast(b, x, "int32"), axes, keepDims), "bool");
  };

export const comparisonLowerings: LoweringTable = {
  [tf.Equal]: compare("Equal"),
  [tf.Greater]: compare("Greater"),
  [tf.GreaterEqual]: compare("GreaterOrEqual"),
  [tf.Less]: compare("Less"),
  [tf.LessEqual]: compare("LessOrEqual"),
  [tf.LogicalAnd]: compare("And"),
  [tf.LogicalOr]: compare("Or"),
  [tf.NotEqual]: (b, operands) =>
    predicate(b, "Not", [
      predicate(b, "Equal", [operand(operands, "a"), operand(operands, "b")]),
    ]),
  [tf.LogicalNot]: (b, operands) => predicate(b, "Not", [operand(operands, "x")]),
  [tf.IsNan]: (b, operands) => predicate(b, "IsNaN", [operand(operands, "x")]),
  [tf.All]: reduceBooleans("ReduceMin"),
  [tf.Any]: reduceBooleans("ReduceMax"),
  // TensorFlow.js lets a condition of rank 1 select whole rows; ONNX broadcasts from the right.
  [tf.Select]: (b, operands) => {
    const condition = operand(operands, "condition");
    const [t, e] = [operand(operands, "t"), operand(operands, "e")];
    const rows = condition.shape.length === 1 && t.shape.length > 1
      ? reshape(b, condition, [condition.shape[0]!, ...t.shape.slice(1).map(() => 1)])
      : condition;
    return elementwise(b, { op: "Where", dtype: t.dtype }, [rows, t, e]);
  },
};
