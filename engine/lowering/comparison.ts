/** Comparisons, logic and selection. https://onnx.ai/onnx/operators/ */
import type { GraphBuilder } from "../graph/builder.ts";
import { cast, fill, predicate, unary, where } from "../graph/elementwise.ts";
import { reduce } from "../graph/reduction.ts";
import { reshape } from "../graph/movement.ts";
import type { Value } from "../graph/value.ts";
import { tf } from "../tf.ts";
import { type Lowering, type LoweringTable, operand } from "./lowering.ts";

const compare = (op: string): Lowering => (b, operands) =>
  predicate(b, op, [operand(operands, "a"), operand(operands, "b")]);

/** Something that is asked of each float; no integer is NaN or infinite. */
const ask = (test: (b: GraphBuilder, x: Value) => Value): Lowering => (b, operands) =>
  test(b, cast(b, operand(operands, "x"), "float32"));

/** How the size of a float compares with infinity. */
const againstInfinity = (op: string) => (b: GraphBuilder, x: Value) =>
  predicate(b, op, [unary(b, "Abs", x), fill(b, Infinity, [])]);

const reduceBooleans =
  (op: "ReduceMin" | "ReduceMax"): Lowering<{ axis: number | number[]; keepDims: boolean }> =>
  (b, operands, { axis, keepDims }) => {
    const x = operand(operands, "x");
    return reduce(b, op, x, tf.util.parseAxisParam(axis, [...x.shape]), keepDims);
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
  [tf.IsNan]: ask((b, x) => predicate(b, "IsNaN", [x])),
  [tf.IsInf]: ask(againstInfinity("Equal")),
  [tf.IsFinite]: ask(againstInfinity("Less")),
  [tf.All]: reduceBooleans("ReduceMin"),
  [tf.Any]: reduceBooleans("ReduceMax"),
  // TensorFlow.js lets a condition of rank 1 select whole rows; ONNX broadcasts from the right.
  [tf.Select]: (b, operands) => {
    const condition = operand(operands, "condition");
    const [t, e] = [operand(operands, "t"), operand(operands, "e")];
    const rows = condition.shape.length === 1 && t.shape.length > 1
      ? reshape(b, condition, [condition.shape[0]!, ...t.shape.slice(1).map(() => 1)])
      : condition;
    return where(b, rows, t, e);
  },
};
