/** What the functions of the kernel language give, in float32 and int32. */
import type { Expr, ScalarType } from "../../../engine/kernels/expression.ts";

type Function = (x: number, y: number) => number;

const functions: Readonly<Record<string, Function>> = {
  negate: (x) => -x,
  absolute: Math.abs,
  sign: (x) => Math.sign(x),
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  floor: Math.floor,
  ceil: Math.ceil,
  round: halfToEven,
  not: (x) => Number(!x),
  isNaN: (x) => Number(Number.isNaN(x)),
  add: (x, y) => x + y,
  subtract: (x, y) => x - y,
  multiply: (x, y) => x * y,
  divide: (x, y) => x / y,
  quotient: (x, y) => Math.trunc(x / y),
  remainder: (x, y) => x % y,
  bitwiseAnd: (x, y) => x & y,
  exclusiveOr: (x, y) => x ^ y,
  maximum: Math.max,
  minimum: Math.min,
  power: Math.pow,
  less: (x, y) => Number(x < y),
  lessEqual: (x, y) => Number(x <= y),
  equal: (x, y) => Number(x === y),
  and: (x, y) => Number(x && y),
  or: (x, y) => Number(x || y),
};

export function scalarFunction(
  { op, dtype }: Expr,
  from: ScalarType,
  operands: readonly number[],
): number {
  const [x = 0, y = 0] = operands;
  if (op === "convert") {
    if (dtype === "bool") return Number(x !== 0);
    return dtype === "int32" ? Math.trunc(x) | 0 : Math.fround(x);
  }
  const fn = functions[op];
  if (!fn) throw new Error(`No function ${op}`);
  const value = fn(x, y);
  if (dtype === "bool" || from === "bool") return value;
  return dtype === "float32" ? Math.fround(value) : value | 0;
}

function halfToEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}
