/**
 * Scalar expressions: what one element of a tensor is, in terms of loop variables and of elements in
 * memory. They are interned, so that equal expressions are one object: common subexpressions are
 * found by identity, and two index expressions are compared with `===`.
 */

export type ScalarType = "float32" | "int32" | "bool";

/** Functions of one number. Those without an integer form take and give float32. */
export type UnaryOp =
  | "negate"
  | "absolute"
  | "sign"
  | "exp"
  | "log"
  | "sqrt"
  | "sin"
  | "cos"
  | "tan"
  | "floor"
  | "ceil"
  | "round"
  | "not"
  | "isNaN"
  /** The bits of a float32 rounded to tf32's 10 bits of mantissa. */
  | "tf32Bits"
  | "convert";

/** Functions of two numbers. `quotient` and `remainder` are those of C, for integers. */
export type BinaryOp =
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "quotient"
  | "remainder"
  | "bitwiseAnd"
  | "exclusiveOr"
  | "maximum"
  | "minimum"
  | "power"
  | "less"
  | "lessEqual"
  | "equal"
  | "and"
  | "or";

export type ExprOp =
  | "constant"
  /** Bound by a loop, or by a statement of the kernel. */
  | "variable"
  /** Σ coefficients[i] · args[i] + value, of integers. */
  | "sum"
  /** ⌊args[0] / value⌋ and its remainder, for integers from 0 up and a positive value. */
  | "div"
  | "mod"
  /** The bits of args[0] turned left by `value` places. */
  | "rotate"
  /** An element of a tensor in memory, args[0]; 0 where the condition args[1] fails. */
  | "load"
  /** An element of the memory that a workgroup shares: it changes, so it is never kept. */
  | "shared"
  | "select"
  | UnaryOp
  | BinaryOp;

/** What a load reads from. */
export interface Memory {
  readonly id: number;
  readonly dtype: ScalarType;
}

export interface Expr {
  readonly id: number;
  readonly op: ExprOp;
  readonly dtype: ScalarType;
  readonly args: readonly Expr[];
  readonly value: number;
  readonly coefficients: readonly number[];
  /** Of a variable, or of shared memory. */
  readonly name: string;
  readonly memory: Memory | undefined;
  /** Bounds of an integer. */
  readonly min: number;
  readonly max: number;
  /** Whether it reads shared memory. */
  readonly volatile: boolean;
}

const LOWEST = -(2 ** 31);
const HIGHEST = 2 ** 31 - 1;

let table = new Map<string, Expr>();
let nextId = 0;

/** Does something with a table of its own: expressions made inside must not be mixed with others. */
export function withNewExpressions<T>(body: () => T): T {
  const before = table;
  table = new Map();
  try {
    return body();
  } finally {
    table = before;
  }
}

interface Fields extends Partial<Omit<Expr, "id" | "op" | "dtype" | "volatile">> {
  readonly op: ExprOp;
  readonly dtype: ScalarType;
}

/** The one expression with these fields. */
export function intern(fields: Fields): Expr {
  const { op, dtype, args = [], value = 0, coefficients = [], name = "", memory } = fields;
  const number = Object.is(value, -0) ? "-0" : value;
  const operands = args.map(({ id }) => id).join();
  // Variables of one name differ by their bounds; of anything else, the bounds follow.
  const range = op === "variable" ? `${fields.min} ${fields.max}` : "";
  const key = [op, dtype, operands, number, coefficients, name, memory?.id, range].join(" ");
  const known = table.get(key);
  if (known) return known;
  const { min = LOWEST, max = HIGHEST } = fields;
  const bounded = min >= LOWEST && max <= HIGHEST;
  const made: Expr = {
    id: nextId++,
    op,
    dtype,
    args,
    value,
    coefficients,
    name,
    memory,
    min: bounded ? min : LOWEST,
    max: bounded ? max : HIGHEST,
    volatile: op === "shared" || args.some((arg) => arg.volatile),
  };
  table.set(key, made);
  return made;
}

/** A number known now. */
export function constant(value: number, dtype: ScalarType): Expr {
  const exact = dtype === "float32"
    ? Math.fround(value)
    : dtype === "bool"
    ? Number(!!value)
    : value;
  return intern({ op: "constant", dtype, value: exact, min: exact, max: exact });
}

export function int(value: number): Expr {
  return constant(value, "int32");
}

export function float(value: number): Expr {
  return constant(value, "float32");
}

export function bool(value: boolean): Expr {
  return constant(Number(value), "bool");
}

/** A variable that takes the values 0 … extent − 1. */
export function variable(name: string, extent: number): Expr {
  return intern({ op: "variable", dtype: "int32", name, min: 0, max: Math.max(extent - 1, 0) });
}

/** A variable that stands for a result computed before. */
export function named(name: string, dtype: ScalarType): Expr {
  return intern({ op: "variable", dtype, name });
}

/** The element of a tensor in memory at a flat index; 0 where `inside` fails. */
export function load(memory: Memory, index: Expr, inside: Expr): Expr {
  return intern({ op: "load", dtype: memory.dtype, args: [index, inside], memory });
}

/** An element of a workgroup's shared memory. */
export function shared(name: string, index: Expr, dtype: ScalarType): Expr {
  return intern({ op: "shared", dtype, args: [index], name });
}

/** The value of a constant, undefined for anything else. */
export function known(x: Expr): number | undefined {
  return x.op === "constant" ? x.value : undefined;
}

/** The given expressions and all within them, each once, before what it consists of. */
export function subexpressions(roots: readonly Expr[]): Set<Expr> {
  const found = new Set<Expr>();
  const visit = (expr: Expr) => {
    if (found.has(expr)) return;
    found.add(expr);
    expr.args.forEach(visit);
  };
  roots.forEach(visit);
  return found;
}
