/** Functions of single numbers as expressions: what maps of tensors apply to their elements. */
import {
  type BinaryOp,
  bool,
  constant,
  type Expr,
  float,
  intern,
  known,
  type ScalarType,
  type UnaryOp,
} from "./expression.ts";
import { both, equal, less, minus, plus, times } from "./integers.ts";

/** A function of one number. */
export function unary(op: Exclude<UnaryOp, "convert">, x: Expr): Expr {
  if (op === "not") {
    const value = known(x);
    if (value !== undefined) return bool(!value);
  }
  if (op === "negate" && x.dtype === "int32") return times(x, -1);
  return intern({ op, dtype: RESULTS[op] ?? x.dtype, args: [x] });
}

/** What functions give that do not give the type of what they take. */
const RESULTS: Partial<Record<UnaryOp, ScalarType>> = {
  not: "bool",
  isNaN: "bool",
  tf32Bits: "int32",
};

const COMPARISONS: readonly BinaryOp[] = ["less", "lessEqual", "equal", "and", "or"];

/** An operand of a function; a plain number is of the type of the operand beside it. */
type Operand = Expr | number;

function asExpressions(x: Operand, y: Operand): [Expr, Expr] {
  const dtype = typeof x !== "number" ? x.dtype : typeof y !== "number" ? y.dtype : "float32";
  const of = (operand: Operand) => typeof operand === "number" ? constant(operand, dtype) : operand;
  return [of(x), of(y)];
}

/** A function of two numbers of one type. */
export function binary(op: BinaryOp, left: Operand, right: Operand): Expr {
  const [x, y] = asExpressions(left, right);
  if (x.dtype === "int32") {
    const exact = integerForms[op]?.(x, y);
    if (exact) return exact;
  }
  if (op === "and") return both(x, y);
  if (x.dtype === "float32") {
    const simple = simplify(op, x, y);
    if (simple) return simple;
  }
  const dtype = COMPARISONS.includes(op) ? "bool" : x.dtype;
  return intern({ op, dtype, args: [x, y], ...boundsOf(op, x, y) });
}

const integerForms: Partial<Record<BinaryOp, (x: Expr, y: Expr) => Expr>> = {
  add: plus,
  subtract: minus,
  multiply: times,
  less,
  equal,
};

function boundsOf(op: BinaryOp, x: Expr, y: Expr): { min?: number; max?: number } {
  if (x.dtype !== "int32") return {};
  if (op === "maximum") return { min: Math.max(x.min, y.min), max: Math.max(x.max, y.max) };
  if (op === "minimum") return { min: Math.min(x.min, y.min), max: Math.min(x.max, y.max) };
  return {};
}

function simplify(op: BinaryOp, x: Expr, y: Expr): Expr | undefined {
  switch (op) {
    case "add":
      return known(x) === 0 ? y : known(y) === 0 ? x : undefined;
    case "subtract":
      return known(y) === 0 ? x : undefined;
    case "multiply":
      return known(x) === 1 ? y : known(y) === 1 ? x : undefined;
    case "divide":
      return known(y) === 1 ? x : undefined;
    default:
      return undefined;
  }
}

/** `yes` where the condition holds, `no` elsewhere. */
export function select(condition: Expr, yes: Operand, no: Operand): Expr {
  const [x, y] = asExpressions(yes, no);
  const value = known(condition);
  if (value !== undefined) return value ? x : y;
  if (x === y) return x;
  const { dtype } = x;
  const bounds = { min: Math.min(x.min, y.min), max: Math.max(x.max, y.max) };
  return intern({ op: "select", dtype, args: [condition, x, y], ...bounds });
}

/** The number as another type: towards zero from float32 to int32, 0 and 1 from bool. */
export function convert(x: Expr, dtype: ScalarType): Expr {
  if (x.dtype === dtype) return x;
  const value = known(x);
  if (value !== undefined) return constant(dtype === "int32" ? Math.trunc(value) : value, dtype);
  const bounds = x.dtype === "bool" ? { min: 0, max: 1 } : {};
  return intern({ op: "convert", dtype, args: [x], ...bounds });
}

const add = (x: Operand, y: Operand) => binary("add", x, y);
const subtract = (x: Operand, y: Operand) => binary("subtract", x, y);
const multiply = (x: Operand, y: Operand) => binary("multiply", x, y);

/** c₀ + c₁x + c₂x² + … */
function polynomial(x: Expr, coefficients: readonly number[]): Expr {
  return coefficients.toReversed().map(float).reduce((sum, c) => add(multiply(sum, x), c));
}

export function reciprocal(x: Expr): Expr {
  return binary("divide", 1, x);
}

export function sigmoid(x: Expr): Expr {
  return reciprocal(add(1, unary("exp", unary("negate", x))));
}

/**
 * arctan: brought to |x| ≤ tan π/8 by the angles π/2 and π/4, where an odd polynomial does
 * (S. L. Moshier, Cephes, `atanf`).
 */
export function atan(x: Expr): Expr {
  const size = unary("absolute", x);
  const [far, near] = [2.414213562373095, 0.4142135623730951];
  const [isFar, isNear] = [binary("less", far, size), binary("less", size, near)];
  const turned = binary("divide", subtract(size, 1), add(size, 1));
  const reduced = select(
    isFar,
    unary("negate", reciprocal(size)),
    select(isNear, size, turned),
  );
  const angle = select(isFar, Math.PI / 2, select(isNear, 0, Math.PI / 4));
  const square = multiply(reduced, reduced);
  const series = polynomial(square, [
    -3.33329491539e-1,
    1.99777106478e-1,
    -1.38776856032e-1,
    8.05374449538e-2,
  ]);
  const inner = add(multiply(multiply(series, square), reduced), reduced);
  return multiply(unary("sign", x), add(angle, inner));
}

/** arcsin as twice the arctangent of half its angle; devices' own have few digits. */
export function asin(x: Expr): Expr {
  const cosine = unary("sqrt", multiply(subtract(1, x), add(1, x)));
  return multiply(2, atan(binary("divide", x, add(1, cosine))));
}

/** arccos, likewise. */
export function acos(x: Expr): Expr {
  const ratio = binary("divide", subtract(1, x), add(1, x));
  return multiply(2, atan(unary("sqrt", ratio)));
}

/** sinh by its series near zero, where the difference of exponentials has no digits left. */
export function sinh(x: Expr): Expr {
  const square = multiply(x, x);
  const series = multiply(x, polynomial(square, [1, 1 / 6, 1 / 120, 1 / 5040, 1 / 362880]));
  const grown = unary("exp", x);
  const far = multiply(0.5, subtract(grown, reciprocal(grown)));
  return select(binary("less", unary("absolute", x), 1), series, far);
}

export function cosh(x: Expr): Expr {
  const grown = unary("exp", x);
  return multiply(0.5, add(grown, reciprocal(grown)));
}

/** tanh by its series near zero, and by an exponential that cannot overflow elsewhere. */
export function tanh(x: Expr): Expr {
  const square = multiply(x, x);
  const series = multiply(
    x,
    polynomial(square, [1, -1 / 3, 2 / 15, -17 / 315, 62 / 2835, -1382 / 155925]),
  );
  const size = unary("absolute", x);
  const shrunk = unary("exp", multiply(-2, size));
  const far = multiply(
    unary("sign", x),
    binary("divide", subtract(1, shrunk), add(1, shrunk)),
  );
  return select(binary("less", size, 0.35), series, far);
}

/**
 * The error function: its series near zero, elsewhere Abramowitz & Stegun 7.1.26, which is off by
 * at most 1.5e-7.
 */
export function erf(x: Expr): Expr {
  const square = multiply(x, x);
  const scale = 2 / Math.sqrt(Math.PI);
  const series = multiply(
    x,
    polynomial(square, [1, -1 / 3, 1 / 10, -1 / 42, 1 / 216].map((c) => scale * c)),
  );
  const size = unary("absolute", x);
  const t = reciprocal(add(1, multiply(0.3275911, size)));
  const tail = multiply(
    multiply(
      t,
      polynomial(t, [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429]),
    ),
    unary("exp", unary("negate", square)),
  );
  const far = multiply(unary("sign", x), subtract(1, tail));
  return select(binary("less", size, 0.4), series, far);
}

/** log(1 + exp(x)) that neither overflows nor loses small values. */
export function softplus(x: Expr): Expr {
  const rest = unary("exp", unary("negate", unary("absolute", x)));
  return add(binary("maximum", x, 0), unary("log", add(1, rest)));
}

/** x to the power y; a negative x is raised to whole powers only. */
export function power(x: Expr, y: Expr): Expr {
  const size = binary("power", unary("absolute", x), y);
  const half = multiply(y, 0.5);
  const odd = unary("not", binary("equal", unary("floor", half), half));
  const negative = binary("less", x, 0);
  const signed = select(both(negative, odd), unary("negate", size), size);
  const whole = binary("equal", unary("floor", y), y);
  const finite = binary("less", -Infinity, x);
  const isRoot = both(both(negative, finite), unary("not", whole));
  const real = select(isRoot, NaN, signed);
  return select(binary("equal", y, 0), 1, real);
}
