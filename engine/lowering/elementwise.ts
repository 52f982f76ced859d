/** Arithmetic, comparisons and functions of single elements. https://onnx.ai/onnx/operators/ */
import { binary, type BinaryOp } from "../graph/arithmetic.ts";
import { fill, type GraphBuilder, scalarOf } from "../graph/builder.ts";
import { cast, elementwise, predicate, unary, where } from "../graph/elementwise.ts";
import * as functions from "../graph/functions.ts";
import type { Value } from "../graph/value.ts";
import { type Lowering, type LoweringTable, type Of, refuse } from "./lowering.ts";
import { tf } from "../tf.ts";
import { reshape } from "../graph/movement.ts";

const arithmetic = (op: BinaryOp): Lowering => (b, { a: x, b: y }: Of<"a" | "b">) =>
  binary(b, op, x, y);

type Unary = (b: GraphBuilder, x: Value) => Value;

/** A function of floats, and of integers as floats. */
const real = (fn: Unary): Lowering => (b, { x }: Of<"x">) => fn(b, cast(b, x, "float32"));

/** A function that keeps the element type. */
const keeping = (fn: Unary): Lowering => (b, { x }: Of<"x">) => fn(b, x);

/** A function that changes nothing about integers. */
const rounding = (op: string): Lowering => (b, { x }: Of<"x">) =>
  x.dtype === "float32" ? unary(b, op, x) : x;

const node = (op: string): Unary => (b, x) => unary(b, op, x);

const compare = (op: string): Lowering => (b, { a: x, b: y }: Of<"a" | "b">) =>
  predicate(b, op, [x, y]);

/** Comparison of the magnitude of a float with infinity. */
const againstInfinity = (op: string) => (b: GraphBuilder, x: Value) =>
  predicate(b, op, [unary(b, "Abs", x), Infinity]);

export const elementwiseLowerings: LoweringTable = {
  [tf.Add]: arithmetic("Add"),
  [tf.Sub]: arithmetic("Sub"),
  [tf.Multiply]: arithmetic("Mul"),
  [tf.RealDiv]: arithmetic("Div"),
  [tf.Maximum]: arithmetic("Max"),
  [tf.Minimum]: arithmetic("Min"),
  [tf.Pow]: arithmetic("Pow"),
  [tf.AddN]: (b, operands: Of) => Object.values(operands).reduce((x, y) => binary(b, "Add", x, y)),
  [tf.SquaredDifference]: (b, { a: x, b: y }: Of<"a" | "b">) => {
    const difference = binary(b, "Sub", x, y);
    return binary(b, "Mul", difference, difference);
  },
  // Always of integers, as TensorFlow.js has it.
  [tf.FloorDiv]: (b, { a: x, b: y }: Of<"a" | "b">) => {
    if (x.dtype !== "float32") return functions.floorDivide(b, x, y);
    return cast(b, unary(b, "Floor", binary(b, "Div", x, y)), "int32");
  },
  [tf.Mod]: (b, { a: x, b: y }: Of<"a" | "b">) => functions.modulo(b, x, y),
  [tf.Atan2]: (b, { a: x, b: y }: Of<"a" | "b">) => functions.atan2(b, x, y),
  [tf.BitwiseAnd]: (b, { a: x, b: y }: Of<"a" | "b">) =>
    elementwise(b, { op: "BitwiseAnd" }, [x, y]),

  [tf.Abs]: keeping(node("Abs")),
  [tf.Acos]: real(node("Acos")),
  [tf.Acosh]: real(functions.acosh),
  [tf.Asin]: real(node("Asin")),
  [tf.Asinh]: real(functions.asinh),
  [tf.Atan]: real(node("Atan")),
  [tf.Atanh]: real(functions.atanh),
  [tf.Ceil]: rounding("Ceil"),
  [tf.Cos]: real(node("Cos")),
  [tf.Cosh]: real(node("Cosh")),
  [tf.Elu]: real(functions.elu),
  [tf.Erf]: real(node("Erf")),
  [tf.Exp]: real(node("Exp")),
  [tf.Expm1]: real(functions.expm1),
  [tf.Floor]: rounding("Floor"),
  [tf.Log]: real(node("Log")),
  [tf.Log1p]: real(functions.log1p),
  [tf.Neg]: keeping(node("Neg")),
  [tf.Reciprocal]: real(node("Reciprocal")),
  [tf.Relu]: keeping(node("Relu")),
  [tf.Relu6]: keeping((b, x) => functions.clip(b, x, 0, 6)),
  [tf.Round]: rounding("Round"),
  [tf.Rsqrt]: real((b, x) => unary(b, "Reciprocal", unary(b, "Sqrt", x))),
  [tf.Selu]: real((b, x) => {
    const { SELU_SCALE, SELU_SCALEALPHA } = tf.backend_util;
    return binary(b, "Mul", functions.elu(b, x, SELU_SCALEALPHA / SELU_SCALE), SELU_SCALE);
  }),
  [tf.Sigmoid]: real(node("Sigmoid")),
  [tf.Sign]: keeping(functions.sign),
  [tf.Sin]: real(node("Sin")),
  [tf.Sinh]: real(node("Sinh")),
  [tf.Softplus]: real(node("Softplus")),
  [tf.Sqrt]: real(node("Sqrt")),
  [tf.Square]: keeping((b, x) => binary(b, "Mul", x, x)),
  [tf.Tan]: real(node("Tan")),
  [tf.Tanh]: real(node("Tanh")),
  [tf.LeakyRelu]: (b, { x }: Of<"x">, { alpha }: tf.LeakyReluAttrs) =>
    functions.leakyRelu(b, cast(b, x, "float32"), alpha),
  [tf.Prelu]: (b, { x, alpha }: Of<"x" | "alpha">) =>
    functions.prelu(
      b,
      cast(b, x, "float32"),
      cast(b, alpha, "float32"),
    ),
  [tf.EluGrad]: (b, { dy, y }: Of<"dy" | "y">) => {
    const slope = binary(b, "Add", binary(b, "Min", y, 0), 1);
    return binary(b, "Mul", dy, slope);
  },
  [tf.ClipByValue]: (b, { x }: Of<"x">, { clipValueMin, clipValueMax }: tf.ClipByValueAttrs) =>
    functions.clip(b, x, clipValueMin, clipValueMax),
  [tf.Step]: (b, { x }: Of<"x">, { alpha }: tf.StepAttrs) => functions.step(b, x, alpha),
  [tf.Identity]: (_, { x }: Of<"x">) => x,
  [tf.Cast]: (b, { x }: Of<"x">, { dtype }: tf.CastAttrs) => castTo(b, x, dtype),

  [tf.Equal]: compare("Equal"),
  [tf.Greater]: compare("Greater"),
  [tf.GreaterEqual]: compare("GreaterOrEqual"),
  [tf.Less]: compare("Less"),
  [tf.LessEqual]: compare("LessOrEqual"),
  [tf.LogicalAnd]: compare("And"),
  [tf.LogicalOr]: compare("Or"),
  [tf.NotEqual]: (b, { a: x, b: y }: Of<"a" | "b">) =>
    predicate(b, "Not", [
      predicate(b, "Equal", [x, y]),
    ]),
  [tf.LogicalNot]: (b, { x }: Of<"x">) => predicate(b, "Not", [x]),
  [tf.IsNan]: real((b, x) => predicate(b, "IsNaN", [x])),
  [tf.IsInf]: real(againstInfinity("Equal")),
  [tf.IsFinite]: real(againstInfinity("Less")),
  // TensorFlow.js lets a condition of rank 1 select whole rows; ONNX broadcasts from the right.
  [tf.Select]: (b, { condition, t, e }: Of<"condition" | "t" | "e">) => {
    const rows = condition.shape.length === 1 && t.shape.length > 1
      ? reshape(b, condition, [condition.shape[0]!, ...t.shape.slice(1).map(() => 1)])
      : condition;
    return where(b, rows, t, e);
  },
};

function castTo(b: GraphBuilder, x: Value, dtype: tf.DataType): Value {
  if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") {
    return refuse(tf.Cast, `to ${dtype}`, "only float32, int32 and bool can be compiled");
  }
  const value = scalarOf(x);
  if (value !== undefined && dtype === "float32" && x.dtype === "int32") {
    return fill(b, value, x.shape);
  }
  const inRange = x.dtype === "float32" && dtype === "int32" ? functions.wrapped(b, x) : x;
  return cast(b, inRange, dtype);
}
