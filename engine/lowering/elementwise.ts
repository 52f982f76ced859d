/** Arithmetic and functions of single elements. https://onnx.ai/onnx/operators/ */
import { binary, type BinaryOp, sign } from "../graph/arithmetic.ts";
import { type GraphBuilder, scalarOf } from "../graph/builder.ts";
import { cast, elementwise, fill, predicate, unary } from "../graph/elementwise.ts";
import type { ElementType, Value } from "../graph/value.ts";
import { tf } from "../tf.ts";
import { type Lowering, type LoweringTable, operand, operandList } from "./lowering.ts";

const arithmetic = (op: BinaryOp): Lowering => (b, operands) =>
  binary(b, op, operand(operands, "a"), operand(operands, "b"));

const functionOf = (op: string): Lowering => (b, operands) => unary(b, op, operand(operands, "x"));

export const elementwiseLowerings: LoweringTable = {
  [tf.Add]: arithmetic("Add"),
  [tf.Sub]: arithmetic("Sub"),
  [tf.Multiply]: arithmetic("Mul"),
  [tf.RealDiv]: arithmetic("Div"),
  [tf.Maximum]: arithmetic("Max"),
  [tf.Minimum]: arithmetic("Min"),
  [tf.Pow]: arithmetic("Pow"),
  [tf.AddN]: (b, operands) => operandList(operands).reduce((x, y) => binary(b, "Add", x, y)),
  [tf.SquaredDifference]: (b, operands) => {
    const difference = binary(b, "Sub", operand(operands, "a"), operand(operands, "b"));
    return binary(b, "Mul", difference, difference);
  },
  // Always of integers, as TensorFlow.js has it.
  [tf.FloorDiv]: (b, operands) => {
    const [x, y] = [operand(operands, "a"), operand(operands, "b")];
    if (x.dtype !== "float32") return binary(b, "Div", binary(b, "Sub", x, modulo(b, x, y)), y);
    return cast(b, unary(b, "Floor", binary(b, "Div", x, y)), "int32");
  },
  [tf.Mod]: (b, operands) => modulo(b, operand(operands, "a"), operand(operands, "b")),

  [tf.Abs]: functionOf("Abs"),
  [tf.Acos]: functionOf("Acos"),
  [tf.Asin]: functionOf("Asin"),
  [tf.Atan]: functionOf("Atan"),
  [tf.Ceil]: functionOf("Ceil"),
  [tf.Cos]: functionOf("Cos"),
  [tf.Cosh]: functionOf("Cosh"),
  [tf.Erf]: functionOf("Erf"),
  [tf.Exp]: functionOf("Exp"),
  [tf.Floor]: functionOf("Floor"),
  [tf.Log]: functionOf("Log"),
  [tf.Neg]: functionOf("Neg"),
  [tf.Reciprocal]: functionOf("Reciprocal"),
  [tf.Relu]: functionOf("Relu"),
  [tf.Round]: functionOf("Round"),
  [tf.Sigmoid]: functionOf("Sigmoid"),
  [tf.Sign]: (b, operands) => sign(b, operand(operands, "x")),
  [tf.Sin]: functionOf("Sin"),
  [tf.Sinh]: functionOf("Sinh"),
  [tf.Softplus]: functionOf("Softplus"),
  [tf.Sqrt]: functionOf("Sqrt"),
  [tf.Tan]: functionOf("Tan"),
  [tf.Tanh]: functionOf("Tanh"),
  [tf.Expm1]: (b, operands) =>
    binary(b, "Sub", unary(b, "Exp", operand(operands, "x")), fill(b, 1, [])),
  [tf.Log1p]: (b, operands) =>
    unary(b, "Log", binary(b, "Add", operand(operands, "x"), fill(b, 1, []))),
  [tf.Rsqrt]: (b, operands) => unary(b, "Reciprocal", unary(b, "Sqrt", operand(operands, "x"))),
  [tf.Square]: (b, operands) => binary(b, "Mul", operand(operands, "x"), operand(operands, "x")),
  [tf.Relu6]: (b, operands) => clip(b, operand(operands, "x"), 0, 6),
  [tf.LeakyRelu]: (b, operands, { alpha }: tf.LeakyReluAttrs) =>
    elementwise(b, { op: "LeakyRelu", attributes: { alpha: { float: alpha } } }, [
      operand(operands, "x"),
    ]),
  [tf.ClipByValue]: (b, operands, { clipValueMin, clipValueMax }: tf.ClipByValueAttrs) =>
    clip(b, operand(operands, "x"), clipValueMin, clipValueMax),
  // The derivative of relu: 1 above zero, alpha elsewhere, for NaN too.
  [tf.Step]: (b, operands, { alpha }: tf.StepAttrs) => {
    const x = operand(operands, "x");
    const above = cast(b, predicate(b, "Greater", [x, fill(b, 0, [])]), "float32");
    return binary(
      b,
      "Add",
      binary(b, "Mul", above, fill(b, 1 - alpha, [])),
      fill(b, alpha, []),
    );
  },
  [tf.Identity]: (_, operands) => operand(operands, "x"),
  [tf.Cast]: (b, operands, { dtype }: tf.CastAttrs) => {
    const x = operand(operands, "x");
    const value = scalarOf(x);
    const target = dtype as ElementType;
    return value !== undefined && target === "float32" && x.dtype === "int32"
      ? fill(b, value, x.shape)
      : cast(b, x, target);
  },
};

/** x modulo y, with the sign of y: that is what ONNX's Mod gives for integers, but not for floats. */
function modulo(b: GraphBuilder, x: Value, y: Value): Value {
  if (x.dtype !== "float32") return elementwise(b, { op: "Mod" }, [x, y]);
  const whole = unary(b, "Floor", binary(b, "Div", x, y));
  return binary(b, "Sub", x, binary(b, "Mul", whole, y));
}

function clip(b: GraphBuilder, x: Value, low: number, high: number): Value {
  const bound = (value: number) => fill(b, value, [], x.dtype);
  return binary(b, "Min", binary(b, "Max", x, bound(low)), bound(high));
}
