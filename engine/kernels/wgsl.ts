/** Kernels as WGSL. https://www.w3.org/TR/WGSL/ */
import {
  type BinaryOp,
  type Expr,
  type ExprOp,
  known,
  type ScalarType,
  type UnaryOp,
} from "./expression.ts";
import { expressionsOf, type Kernel, type SharedArray, type Statement } from "./kernel.ts";

/** Workgroups along the first dimension of a dispatch; the rest lie along the second. */
export const MOST_GROUPS = 65535;

const TYPES: Record<ScalarType, string> = { float32: "f32", int32: "i32", bool: "bool" };

/** Operators between operands, and functions before them, by the names of the kernel language. */
const INFIX: Partial<Record<ExprOp, string>> = {
  add: "+",
  subtract: "-",
  multiply: "*",
  quotient: "/",
  remainder: "%",
  bitwiseAnd: "&",
  exclusiveOr: "^",
  less: "<",
  lessEqual: "<=",
  equal: "==",
  and: "&&",
  or: "||",
} satisfies Partial<Record<BinaryOp, string>>;

const FUNCTIONS: Partial<Record<ExprOp, string>> = {
  negate: "-",
  not: "!",
  absolute: "abs",
  sign: "sign",
  exp: "exp",
  log: "log",
  sqrt: "sqrt",
  sin: "sin",
  cos: "cos",
  tan: "tan",
  floor: "floor",
  ceil: "ceil",
  round: "round",
  isNaN: "is_nan",
  maximum: "max",
  minimum: "min",
  power: "pow",
} satisfies Partial<Record<UnaryOp | BinaryOp, string>>;

/**
 * A kernel as a shader. Its tensors lie in banks of memory, `bankOf` says in which: the shader binds
 * those banks, by ascending number from 0 on, and after them where in the banks the tensors begin,
 * reads first, once for each of the kernels that a launch runs side by side.
 */
export function printWgsl(kernel: Kernel, bankOf: (id: number) => number): string {
  return new Printer(kernel, bankOf).print();
}

/** The banks that a kernel's tensors lie in, in the order of their bindings. */
export function banksOf({ reads, writes }: Kernel, bankOf: (id: number) => number): number[] {
  return [...new Set([...reads, ...writes].map(({ id }) => bankOf(id)))].sort((x, y) => x - y);
}

class Printer {
  readonly #kernel: Kernel;
  readonly #bankOf: (id: number) => number;
  readonly #parameters: Map<number, number>;
  #temporaries = 0;

  constructor(kernel: Kernel, bankOf: (id: number) => number) {
    this.#kernel = kernel;
    this.#bankOf = bankOf;
    this.#parameters = new Map(
      [...kernel.reads, ...kernel.writes].map(({ id }, i) => [id, i]),
    );
  }

  print(): string {
    const { lanes, workgroups, shared, body } = this.#kernel;
    const banks = banksOf(this.#kernel, this.#bankOf);
    const count = this.#parameters.size;
    return [
      ...banks.map((bank, i) =>
        `@group(0) @binding(${i}) var<storage, read_write> bank${bank}: array<u32>;`
      ),
      `@group(0) @binding(${banks.length}) var<storage, read> offsets: array<u32>;`,
      ...shared.map(printShared),
      ...PRELUDE,
      `@compute @workgroup_size(${lanes}) fn main(@builtin(workgroup_id) id: vec3u, ` +
      "@builtin(local_invocation_index) index: u32) {",
      `  let number = id.x + id.y * ${MOST_GROUPS}u;`,
      `  let instance = number / ${workgroups}u;`,
      `  if (instance >= arrayLength(&offsets) / ${count}u) { return; }`,
      `  let v_group = i32(number % ${workgroups}u);`,
      "  let v_lane = i32(index);",
      ...Array.from(
        { length: count },
        (_, i) => `  let offset${i} = offsets[instance * ${count}u + ${i}u];`,
      ),
      ...this.#block(body, new Map(), "  "),
      "}",
    ].join("\n");
  }

  #block(body: readonly Statement[], outer: ReadonlyMap<Expr, string>, indent: string): string[] {
    const names = new Map(outer);
    const uses = countUses(body);
    const lines: string[] = [];
    const value = (expr: Expr) => this.#expression(expr, uses, names, lines, indent);
    for (const statement of body) {
      const line = this.#statement(statement, value, names, indent);
      lines.push(...line);
    }
    return lines;
  }

  #statement(
    statement: Statement,
    value: (expr: Expr) => string,
    names: ReadonlyMap<Expr, string>,
    indent: string,
  ): string[] {
    const inner = `${indent}  `;
    switch (statement.kind) {
      case "let":
        return [`${indent}let ${nameOf(statement.variable)} = ${value(statement.value)};`];
      case "accumulator":
        return [`${indent}var ${nameOf(statement.variable)} = ${value(statement.initial)};`];
      case "update":
        return [`${indent}${nameOf(statement.variable)} = ${value(statement.value)};`];
      case "multiplyAdd": {
        const sum = nameOf(statement.variable);
        return [
          `${indent}${sum} = fma(${value(statement.left)}, ${value(statement.right)}, ${sum});`,
        ];
      }
      case "multiplyMatrices":
        throw new Error("Internal: WGSL has no products of matrices");
      case "store": {
        const { tensor, place } = statement;
        const word = asWord(value(statement.value), tensor.dtype);
        return [`${indent}${this.#word(tensor.id, value(place))} = ${word};`];
      }
      case "share":
        return [
          `${indent}${statement.array}[${value(statement.place)}] = ${value(statement.value)};`,
        ];
      case "barrier":
        return [`${indent}workgroupBarrier();`];
      case "loop": {
        const i = nameOf(statement.variable);
        return [
          `${indent}for (var ${i} = 0; ${i} < ${statement.count}; ${i}++) {`,
          ...this.#block(statement.body, names, inner),
          `${indent}}`,
        ];
      }
      case "if": {
        const always = known(statement.condition);
        const head = always ? "" : `if (${value(statement.condition)}) `;
        return [`${indent}${head}{`, ...this.#block(statement.body, names, inner), `${indent}}`];
      }
    }
  }

  #word(id: number, place: string): string {
    return `bank${this.#bankOf(id)}[offset${this.#parameters.get(id)} + u32(${place})]`;
  }

  /** The expression's text; what occurs more than once is given a name in `lines` first. */
  #expression(
    expr: Expr,
    uses: ReadonlyMap<Expr, number>,
    names: Map<Expr, string>,
    lines: string[],
    indent: string,
  ): string {
    const known = names.get(expr);
    if (known) return known;
    const text = this.#text(
      expr,
      (operand) => this.#expression(operand, uses, names, lines, indent),
    );
    if (!deservesName(expr, uses.get(expr) ?? 0)) return text;
    const name = `t${this.#temporaries++}`;
    lines.push(`${indent}let ${name} = ${text};`);
    names.set(expr, name);
    return name;
  }

  #text(expr: Expr, value: (operand: Expr) => string): string {
    const { op, args, dtype } = expr;
    switch (op) {
      case "constant":
        return printConstant(expr);
      case "variable":
        return nameOf(expr);
      case "sum":
        return printSum(expr, value);
      case "div":
        return `(${value(args[0]!)} / ${expr.value})`;
      case "mod":
        return `(${value(args[0]!)} % ${expr.value})`;
      case "rotate":
        return `rotated(${value(args[0]!)}, ${expr.value}u)`;
      case "load": {
        const word = this.#word(expr.memory!.id, value(args[0]!));
        const read = known(args[1]!) ? word : `select(0u, ${word}, ${value(args[1]!)})`;
        return fromWord(read, dtype);
      }
      case "shared":
        return `${expr.name}[${value(args[0]!)}]`;
      case "select":
        return `select(${value(args[2]!)}, ${value(args[1]!)}, ${value(args[0]!)})`;
      case "convert":
        // Not "!=", which a compiler may take for one that is false for NaN.
        return dtype === "bool"
          ? `!(${value(args[0]!)} == ${args[0]!.dtype === "float32" ? "0.0" : "0"})`
          : `${TYPES[dtype]}(${value(args[0]!)})`;
      case "divide": {
        const divisor = known(args[1]!) === 0 ? "hidden(0u)" : value(args[1]!);
        return `(${value(args[0]!)} / ${divisor})`;
      }
      default: {
        const operands = args.map(value);
        const infix = INFIX[op];
        if (infix) return `(${operands.join(` ${infix} `)})`;
        return `${FUNCTIONS[op]}(${operands.join(", ")})`;
      }
    }
  }
}

/**
 * Shader compilers take infinities, NaNs and divisions by zero for mistakes where they see them: some
 * refuse them, others leave the whole store out. So their bits are hidden behind what only a run knows.
 */
const PRELUDE = [
  "fn hidden(bits: u32) -> f32 { return bitcast<f32>(bits | u32(arrayLength(&offsets) == 0u)); }",
  "fn rotated(x: i32, n: u32) -> i32 { return bitcast<i32>((bitcast<u32>(x) << n) | (bitcast<u32>(x) >> (32u - n))); }",
  "fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }",
];

function printShared({ name, dtype, length }: SharedArray): string {
  return `var<workgroup> ${name}: array<${TYPES[dtype]}, ${length}>;`;
}

function nameOf({ name }: Expr): string {
  return `v_${name}`;
}

function printConstant({ value, dtype }: Expr): string {
  if (dtype === "bool") return value ? "true" : "false";
  if (dtype === "int32") return value < 0 ? `i32(${value})` : `${value}`;
  if (Number.isNaN(value)) return "hidden(0x7fc00000u)";
  if (!Number.isFinite(value)) return `hidden(${value < 0 ? "0xff800000u" : "0x7f800000u"})`;
  const text = Object.is(value, -0) ? "-0" : `${value}`;
  return value < 0 || Object.is(value, -0) ? `(${text}f)` : `${text}f`;
}

/** The terms in the order of their text, so that equal kernels have equal texts. */
function printSum({ args, coefficients, value }: Expr, print: (operand: Expr) => string): string {
  const terms = args.map((arg, i) => {
    const factor = coefficients[i]!;
    return factor === 1 ? print(arg) : `${print(arg)} * ${factor < 0 ? `i32(${factor})` : factor}`;
  }).sort();
  if (value !== 0) terms.push(value < 0 ? `i32(${value})` : `${value}`);
  return `(${terms.join(" + ")})`;
}

function fromWord(word: string, dtype: ScalarType): string {
  return dtype === "bool" ? `(${word} != 0u)` : `bitcast<${TYPES[dtype]}>(${word})`;
}

function asWord(value: string, dtype: ScalarType): string {
  return dtype === "bool" ? `u32(${value})` : `bitcast<u32>(${value})`;
}

/** Operands that are as short as their name. */
function isLeaf({ op }: Expr): boolean {
  return op === "constant" || op === "variable";
}

/** How often each expression occurs in the statements, those of inner blocks counted too. */
export function countUses(body: readonly Statement[]): Map<Expr, number> {
  const uses = new Map<Expr, number>();
  const visit = (expr: Expr) => {
    const count = (uses.get(expr) ?? 0) + 1;
    uses.set(expr, count);
    if (count === 1) expr.args.forEach(visit);
  };
  for (const statement of body) expressionsOf(statement).forEach(visit);
  return uses;
}

/** Whether an expression is worth a name where it is used so often. */
function deservesName(expr: Expr, uses: number): boolean {
  return uses > 1 && !expr.volatile && !isLeaf(expr);
}
