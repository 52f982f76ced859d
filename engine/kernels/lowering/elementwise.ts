/** Operators that compute element by element. https://onnx.ai/onnx/operators/ */
import { threefryBlock, type WordArithmetic } from "../../host/mod.ts";
import { type BinaryOp, type Expr, int, intern, type UnaryOp } from "../expression.ts";
import * as scalar from "../scalar.ts";
import { binary, convert, select, unary } from "../scalar.ts";
import {
  broadcastMap,
  numberAttribute,
  type Operator,
  type OperatorLowering,
  type OperatorTable,
} from "./movement.ts";
import type { Tensor } from "../tensor.ts";

function elementwise(
  apply: (operands: readonly Expr[], operator: Operator) => Expr,
): OperatorLowering {
  return (operator) => {
    const operands = operator.operands.filter((x): x is Tensor => x !== undefined);
    const { shape, dtype } = operator;
    return broadcastMap(operands, shape, dtype, (values) => apply(values, operator));
  };
}

const unaryAs = (op: Exclude<UnaryOp, "convert">) => elementwise(([x]) => unary(op, x!));
const unaryBy = (fn: (x: Expr) => Expr) => elementwise(([x]) => fn(x!));
const binaryAs = (op: BinaryOp) => elementwise(([x, y]) => binary(op, x!, y!));
/** y op x. */
const swapped = (op: BinaryOp) => elementwise(([x, y]) => binary(op, y!, x!));

export const elementwiseOperators: OperatorTable = {
  Add: binaryAs("add"),
  Sub: binaryAs("subtract"),
  Mul: binaryAs("multiply"),
  Div: elementwise(([x, y]) => binary(x!.dtype === "int32" ? "quotient" : "divide", x!, y!)),
  Max: binaryAs("maximum"),
  Min: binaryAs("minimum"),
  Pow: elementwise(([x, y]) => {
    if (x!.dtype !== "int32") return scalar.power(x!, y!);
    const real = scalar.power(convert(x!, "float32"), convert(y!, "float32"));
    return convert(unary("round", real), "int32");
  }),
  // The sign of the divisor, for integers.
  Mod: elementwise(([x, y]) => {
    const rest = binary("remainder", x!, y!);
    const signsDiffer = binary("less", binary("multiply", unary("sign", rest), y!), 0);
    return select(signsDiffer, binary("add", rest, y!), rest);
  }),
  Less: binaryAs("less"),
  Greater: swapped("less"),
  LessOrEqual: binaryAs("lessEqual"),
  GreaterOrEqual: swapped("lessEqual"),
  Equal: binaryAs("equal"),
  BitwiseAnd: binaryAs("bitwiseAnd"),
  And: binaryAs("and"),
  Or: binaryAs("or"),
  Not: unaryAs("not"),
  IsNaN: unaryAs("isNaN"),
  Where: elementwise(([condition, x, y]) => select(condition!, x!, y!)),
  Cast: elementwise(([x], { dtype }) => convert(x!, dtype)),

  Abs: unaryAs("absolute"),
  Acos: unaryBy(scalar.acos),
  Asin: unaryBy(scalar.asin),
  Atan: unaryBy(scalar.atan),
  Ceil: unaryAs("ceil"),
  Cos: unaryAs("cos"),
  Cosh: unaryBy(scalar.cosh),
  Erf: unaryBy(scalar.erf),
  Exp: unaryAs("exp"),
  Floor: unaryAs("floor"),
  Identity: unaryBy((x) => x),
  Log: unaryAs("log"),
  Neg: unaryAs("negate"),
  Reciprocal: unaryBy(scalar.reciprocal),
  Relu: unaryBy((x) => binary("maximum", x, 0)),
  Round: unaryAs("round"),
  Sigmoid: unaryBy(scalar.sigmoid),
  Sign: unaryAs("sign"),
  Sin: unaryAs("sin"),
  Sinh: unaryBy(scalar.sinh),
  Softplus: unaryBy(scalar.softplus),
  Sqrt: unaryAs("sqrt"),
  Tan: unaryAs("tan"),
  Tanh: unaryBy(scalar.tanh),
  // (counter, step, seed, stream), with two words as its results.
  Threefry2x32: (operator) =>
    [0, 1].map((which) =>
      elementwise(([counter, step, seed, stream]) =>
        threefryBlock(WORDS, [seed!, stream!], [counter!, step!])[which]!
      )(operator) as Tensor
    ),
  LeakyRelu: elementwise(([x], operator) => {
    const slope = numberAttribute(operator, "alpha", 0.01);
    return select(binary("less", x!, 0), binary("multiply", x!, slope), x!);
  }),
  QuickGelu: elementwise(([x], operator) => {
    const scale = numberAttribute(operator, "alpha", 1.702);
    return binary("multiply", x!, scalar.sigmoid(binary("multiply", x!, scale)));
  }),
};

/** Additions that wrap, and are not simplified. */
const WORDS: WordArithmetic<Expr> = {
  constant: int,
  add: (x, y) => intern({ op: "add", dtype: "int32", args: [x, y] }),
  exclusiveOr: (x, y) => intern({ op: "exclusiveOr", dtype: "int32", args: [x, y] }),
  rotate: (x, by) => intern({ op: "rotate", dtype: "int32", args: [x], value: by }),
};
