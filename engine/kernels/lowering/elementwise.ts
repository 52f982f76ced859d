/**
 * Operators that compute element by element (https://onnx.ai/onnx/operators/), and Threefry-2x32 with 20
 * rounds as expressions: the words of host/random.ts, where its file says what they are.
 */
import { type BinaryOp, type Expr, float, int, intern, type UnaryOp } from "../expression.ts";
import {
  acos,
  asin,
  atan,
  binary,
  convert,
  cosh,
  erf,
  power,
  reciprocal,
  select,
  sigmoid,
  sinh,
  softplus,
  tanh,
  unary,
} from "../scalar.ts";
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

/** A map over the first operand's shape. */
function word(operator: Operator, apply: (operands: readonly Expr[]) => Expr): Tensor {
  const operands = operator.operands.filter((x): x is Tensor => x !== undefined);
  return broadcastMap(operands, operator.shape, "int32", (values) => apply(values));
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
    if (x!.dtype !== "int32") return power(x!, y!);
    const real = power(convert(x!, "float32"), convert(y!, "float32"));
    return convert(unary("round", real), "int32");
  }),
  // The sign of the divisor, for integers.
  Mod: elementwise(([x, y]) => {
    const rest = binary("remainder", x!, y!);
    const zero = int(0);
    const signsDiffer = binary("less", binary("multiply", unary("sign", rest), y!), zero);
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
  Acos: unaryBy(acos),
  Asin: unaryBy(asin),
  Atan: unaryBy(atan),
  Ceil: unaryAs("ceil"),
  Cos: unaryAs("cos"),
  Cosh: unaryBy(cosh),
  Erf: unaryBy(erf),
  Exp: unaryAs("exp"),
  Floor: unaryAs("floor"),
  Identity: unaryBy((x) => x),
  Log: unaryAs("log"),
  Neg: unaryAs("negate"),
  Reciprocal: unaryBy(reciprocal),
  Relu: unaryBy((x) => binary("maximum", x, x.dtype === "int32" ? int(0) : float(0))),
  Round: unaryAs("round"),
  Sigmoid: unaryBy(sigmoid),
  Sign: unaryAs("sign"),
  Sin: unaryAs("sin"),
  Sinh: unaryBy(sinh),
  Softplus: unaryBy(softplus),
  Sqrt: unaryAs("sqrt"),
  Tan: unaryAs("tan"),
  Tanh: unaryBy(tanh),
  // (counter, step, seed, stream), with two words as its results.
  Threefry2x32: (operator) =>
    [0, 1].map((which) =>
      word(
        operator,
        ([counter, step, seed, stream]) => threefry([seed!, stream!], [counter!, step!])[which]!,
      )
    ),
  LeakyRelu: elementwise(([x], operator) => {
    const slope = float(numberAttribute(operator, "alpha", 0.01));
    return select(binary("less", x!, float(0)), binary("multiply", x!, slope), x!);
  }),
  QuickGelu: elementwise(([x], operator) => {
    const scale = float(numberAttribute(operator, "alpha", 1.702));
    return binary("multiply", x!, sigmoid(binary("multiply", x!, scale)));
  }),
};

const PARITY = 0x1bd11bda;
const ROTATIONS = [[13, 15, 26, 6], [17, 29, 16, 24]] as const;
const GROUPS = 5;

function add(x: Expr, y: Expr): Expr {
  return intern({ op: "add", dtype: "int32", args: [x, y] });
}

function exclusiveOr(x: Expr, y: Expr): Expr {
  return intern({ op: "exclusiveOr", dtype: "int32", args: [x, y] });
}

function rotate(x: Expr, by: number): Expr {
  return intern({ op: "rotate", dtype: "int32", args: [x], value: by });
}

/** The two words of a block, all of it int32. */
function threefry(
  key: readonly [Expr, Expr],
  counter: readonly [Expr, Expr],
): [Expr, Expr] {
  const keys = [...key, exclusiveOr(exclusiveOr(int(PARITY), key[0]), key[1])];
  let [a, b] = [add(counter[0], key[0]), add(counter[1], key[1])];
  for (let group = 0; group < GROUPS; group++) {
    for (const by of ROTATIONS[group % 2]!) {
      a = add(a, b);
      b = exclusiveOr(rotate(b, by), a);
    }
    a = add(a, keys[(group + 1) % 3]!);
    b = add(add(b, keys[(group + 2) % 3]!), int(group + 1));
  }
  return [a, b];
}
