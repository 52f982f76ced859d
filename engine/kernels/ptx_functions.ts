/** Functions and integer arithmetic as PTX instructions. https://docs.nvidia.com/cuda/parallel-thread-execution/ */
import type { BinaryOp, Expr, ScalarType, UnaryOp } from "./expression.ts";

/** Register classes: floats, integers, predicates and addresses. */
export type RegisterClass = "f" | "r" | "p" | "rd";

export const CLASSES: Record<ScalarType, RegisterClass> = { float32: "f", int32: "r", bool: "p" };

/** Where instructions go, and registers come from. */
export interface Emitter {
  line(instruction: string): void;
  fresh(kind: RegisterClass): string;
}

/** A float as the bits that PTX takes. */
export function floatBits(value: number): string {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  return `0f${bits.toString(16).toUpperCase().padStart(8, "0")}`;
}

/** The result's register after an instruction with these operands. */
function result(to: Emitter, kind: RegisterClass, instruction: string, ...operands: string[]) {
  const register = to.fresh(kind);
  to.line(`${instruction} ${[register, ...operands].join(", ")};`);
  return register;
}

type Apply = (to: Emitter, ...operands: string[]) => string;

const float = (instruction: string): Apply => (to, ...operands) =>
  result(to, "f", instruction, ...operands);
const integer = (instruction: string): Apply => (to, ...operands) =>
  result(to, "r", instruction, ...operands);
const predicate = (instruction: string): Apply => (to, ...operands) =>
  result(to, "p", instruction, ...operands);

const multiply = float("mul.f32");
const fma = float("fma.rn.f32");

const LOG2_E = floatBits(Math.LOG2E);
/** Powers of two beyond what float32 holds. */
const [LEAST, MOST] = [-200, 200].map(floatBits) as [string, string];
const LN2 = floatBits(Math.LN2);
/** −ln 2 and −2π in two parts, the first short enough for exact products with small integers. */
const [LN2_HIGH, LN2_LOW] = [-0.693145751953125, -1.42860682030941723e-6].map(floatBits) as [
  string,
  string,
];
const [TURN_HIGH, TURN_LOW] = [-6.28125, -0.0019353071795864769].map(floatBits) as [string, string];

/** 2^t · 2^(r/ln 2) with t whole and r small: the approximation of 2^x loses no digits to large x. */
const exp: Apply = (to, x) => {
  const nearest = float("cvt.rni.f32.f32")(to, multiply(to, x, LOG2_E));
  // Bounded, so that what is left of an infinity is infinite, and not the difference of two.
  const whole = float("min.f32")(to, float("max.f32")(to, nearest, LEAST), MOST);
  const rest = fma(to, whole, LN2_LOW, fma(to, whole, LN2_HIGH, x));
  const small = float("ex2.approx.f32")(to, multiply(to, rest, LOG2_E));
  return multiply(to, float("ex2.approx.f32")(to, whole), small);
};

/** An angle brought to −π … π, where the approximations are good. */
function turned(to: Emitter, x: string): string {
  const turns = float("cvt.rni.f32.f32")(to, multiply(to, x, floatBits(1 / (2 * Math.PI))));
  return fma(to, turns, TURN_LOW, fma(to, turns, TURN_HIGH, x));
}

const sin: Apply = (to, x) => float("sin.approx.f32")(to, turned(to, x));
const cos: Apply = (to, x) => float("cos.approx.f32")(to, turned(to, x));

const signOf = (type: "f32" | "s32", kind: "f" | "r"): Apply => (to, x) => {
  const [zero, one, minusOne] = kind === "f" ? [0, 1, -1].map(floatBits) : ["0", "1", "-1"];
  // Zero and NaN are their own sign.
  const above = predicate(`setp.gt.${type}`)(to, x, zero!);
  const below = predicate(`setp.lt.${type}`)(to, x, zero!);
  const move = type === "f32" ? "selp.f32" : "selp.s32";
  return result(to, kind, move, one!, result(to, kind, move, minusOne!, x!, below), above);
};

const floats: Partial<Record<UnaryOp | BinaryOp, Apply>> = {
  negate: float("neg.f32"),
  absolute: float("abs.f32"),
  sign: signOf("f32", "f"),
  exp,
  log: (to, x) => multiply(to, float("lg2.approx.f32")(to, x), LN2),
  sqrt: float("sqrt.rn.f32"),
  sin,
  cos,
  tan: (to, x) => float("div.rn.f32")(to, sin(to, x), cos(to, x)),
  floor: float("cvt.rmi.f32.f32"),
  ceil: float("cvt.rpi.f32.f32"),
  round: float("cvt.rni.f32.f32"),
  isNaN: predicate("testp.notanumber.f32"),
  tf32Bits: integer("cvt.rna.tf32.f32"),
  add: float("add.f32"),
  subtract: float("sub.f32"),
  multiply,
  divide: float("div.rn.f32"),
  maximum: float("max.f32"),
  minimum: float("min.f32"),
  power: (to, x, y) =>
    float("ex2.approx.f32")(to, multiply(to, y!, float("lg2.approx.f32")(to, x!))),
  less: predicate("setp.lt.f32"),
  lessEqual: predicate("setp.le.f32"),
  equal: predicate("setp.eq.f32"),
};

const integers: Partial<Record<UnaryOp | BinaryOp, Apply>> = {
  negate: integer("neg.s32"),
  absolute: integer("abs.s32"),
  sign: signOf("s32", "r"),
  // An integer is whole already.
  floor: (_, x) => x!,
  ceil: (_, x) => x!,
  round: (_, x) => x!,
  multiply: integer("mul.lo.s32"),
  quotient: integer("div.s32"),
  remainder: integer("rem.s32"),
  add: integer("add.s32"),
  bitwiseAnd: integer("and.b32"),
  exclusiveOr: integer("xor.b32"),
  maximum: integer("max.s32"),
  minimum: integer("min.s32"),
  less: predicate("setp.lt.s32"),
  lessEqual: predicate("setp.le.s32"),
  equal: predicate("setp.eq.s32"),
};

const booleans: Partial<Record<UnaryOp | BinaryOp, Apply>> = {
  not: predicate("not.pred"),
  and: predicate("and.pred"),
  or: predicate("or.pred"),
  equal: (to, x, y) => predicate("not.pred")(to, predicate("xor.pred")(to, x!, y!)),
};

const TABLES: Record<ScalarType, Partial<Record<string, Apply>>> = {
  float32: floats,
  int32: integers,
  bool: booleans,
};

/** The register with a function's result. */
export function applyFunction(to: Emitter, expr: Expr, operands: readonly string[]): string {
  const from = expr.args[0]!.dtype;
  const apply = TABLES[from][expr.op];
  if (!apply) throw new Error(`Internal: no PTX for ${expr.op} of ${from}`);
  return apply(to, ...operands);
}

/** A number as another type. */
export function convertTo(to: Emitter, x: string, from: ScalarType, dtype: ScalarType): string {
  if (from === dtype) return x;
  if (from === "bool") {
    const [one, zero] = dtype === "float32" ? [1, 0].map(floatBits) : ["1", "0"];
    const move = dtype === "float32" ? "selp.f32" : "selp.s32";
    return result(to, CLASSES[dtype], move, one!, zero!, x);
  }
  if (dtype === "bool") {
    // Unordered: NaN is not zero.
    return from === "float32"
      ? predicate("setp.neu.f32")(to, x, floatBits(0))
      : predicate("setp.ne.s32")(to, x, "0");
  }
  return dtype === "int32" ? integer("cvt.rzi.s32.f32")(to, x) : float("cvt.rn.f32.s32")(to, x);
}

/** `x` where the predicate holds, `y` elsewhere. */
export function selectOf(
  to: Emitter,
  dtype: ScalarType,
  condition: string,
  x: string,
  y: string,
): string {
  if (dtype !== "bool") {
    return result(
      to,
      CLASSES[dtype],
      dtype === "float32" ? "selp.f32" : "selp.s32",
      x,
      y,
      condition,
    );
  }
  const chosen = predicate("and.pred")(to, condition, x);
  const other = predicate("and.pred")(to, predicate("not.pred")(to, condition), y);
  return predicate("or.pred")(to, chosen, other);
}

/** The operand of a constant: a number, or for a boolean a register. */
export function constantOf(to: Emitter, { value, dtype }: Expr): string {
  if (dtype === "int32") return `${value}`;
  if (dtype === "float32") return floatBits(value);
  return result(to, "p", "setp.eq.s32", `${value}`, "1");
}

/** A weighted sum of integers and a constant. @param value Gives the operand of an expression. */
export function weightedSum(
  to: Emitter,
  { args, coefficients, value: constant }: Expr,
  value: (operand: Expr) => string,
): string {
  return args.reduce((sum, arg, i) => {
    const register = to.fresh("r");
    to.line(`mad.lo.s32 ${register}, ${value(arg)}, ${coefficients[i]}, ${sum};`);
    return register;
  }, `${constant}`);
}

/** The quotient of an integer that is not negative, rounded down. */
export function quotient(to: Emitter, x: string, divisor: number): string {
  const shift = Math.log2(divisor);
  return Number.isInteger(shift)
    ? result(to, "r", "shr.u32", x, `${shift}`)
    : result(to, "r", "div.u32", x, `${divisor}`);
}

/** The remainder of an integer that is not negative. */
export function remainder(to: Emitter, x: string, divisor: number): string {
  return Number.isInteger(Math.log2(divisor))
    ? result(to, "r", "and.b32", x, `${divisor - 1}`)
    : result(to, "r", "rem.u32", x, `${divisor}`);
}
