/**
 * Kernels as PTX, the assembly language that NVIDIA's driver compiles.
 * https://docs.nvidia.com/cuda/parallel-thread-execution/
 */
import { type Expr, known, type ScalarType } from "./expression.ts";
import type { Kernel, Statement } from "./kernel.ts";
import type { Precision } from "../types.ts";
import {
  applyFunction,
  CLASSES,
  constantOf,
  convertTo,
  type Emitter,
  floatBits,
  quotient,
  type RegisterClass,
  remainder,
  selectOf,
  weightedSum,
} from "./ptx_functions.ts";

/** The oldest cards and drivers that the text is for: Volta, CUDA 10.1; with tf32 Ampere, CUDA 11.0. */
const HEADERS: Record<Precision, readonly string[]> = {
  float32: [".version 6.4", ".target sm_70", ".address_size 64"],
  tf32: [".version 7.0", ".target sm_80", ".address_size 64"],
};

/** Bytes of parameters that a kernel may have. */
const MOST_PARAMETER_BYTES = 4096;

/** How many kernels of one text a launch may run side by side: their addresses are its parameters. */
export function mostInstances({ reads, writes }: Kernel): number {
  return Math.max(1, Math.floor(MOST_PARAMETER_BYTES / (8 * (reads.length + writes.length))));
}

/** A module of entry points. */
export function joinPtx(entries: readonly string[], precision: Precision = "float32"): string {
  return `${HEADERS[precision].join("\n")}\n${entries.join("\n")}`;
}

/**
 * A kernel as an entry point of a module. Its parameter is a table of addresses: those of the
 * tensors that it reads, then of those that it writes, once for each kernel that a launch runs side
 * by side. The grid has as many blocks as all of them have workgroups together.
 */
export function printPtx(kernel: Kernel, instances = 1, entry = "kernel"): string {
  return new Printer(kernel, instances).print(entry);
}

/** What the expressions and variables of a block are in. */
interface Scope {
  readonly values: Map<Expr, string>;
  readonly variables: Map<string, string>;
}

/** The scope of a block within another. */
function innerScope({ values, variables }: Scope): Scope {
  return { values: new Map(values), variables: new Map(variables) };
}

class Printer implements Emitter {
  readonly #kernel: Kernel;
  readonly #instances: number;
  readonly #lines: string[] = [];
  readonly #counts: Record<RegisterClass, number> = { f: 0, r: 0, p: 0, rd: 0 };
  readonly #addresses = new Map<number, string>();
  readonly #mutable = new Set<string>();
  /** Whether an expression reads a number that changes. */
  readonly #changing = new Map<Expr, boolean>();
  #labels = 0;

  constructor(kernel: Kernel, instances: number) {
    this.#kernel = kernel;
    this.#instances = instances;
  }

  line(instruction: string): void {
    this.#lines.push(`  ${instruction}`);
  }

  fresh(kind: RegisterClass): string {
    return `%${kind}${this.#counts[kind]++}`;
  }

  print(entry: string): string {
    const { lanes, reads, writes, shared, body } = this.#kernel;
    const bytes = 8 * this.#instances * (reads.length + writes.length);
    const scope: Scope = { values: new Map(), variables: new Map() };
    this.#begin(scope);
    this.#block(body, scope);
    const registers = Object.entries(this.#counts).filter(([, count]) => count > 0)
      .map(([kind, count]) =>
        `  .reg ${REGISTER_TYPES[kind as RegisterClass]} %${kind}<${count}>;`
      );
    return [
      `.visible .entry ${entry}(.param .align 8 .b8 tensors[${bytes}])`,
      `.maxntid ${lanes}, 1, 1`,
      // As many registers as a lane needs: spilling them costs more than fewer blocks side by side.
      ".minnctapersm 1",
      "{",
      ...registers,
      ...shared.map(({ name, length }) => `  .shared .align 16 .b8 ${name}[${4 * length}];`),
      ...this.#lines,
      "  ret;",
      "}",
      "",
    ].join("\n");
  }

  /** Which instance and workgroup this is, and where its tensors are. */
  #begin(scope: Scope): void {
    const { workgroups, reads, writes } = this.#kernel;
    const [lane, block] = [this.fresh("r"), this.fresh("r")];
    this.line(`mov.u32 ${lane}, %tid.x;`);
    this.line(`mov.u32 ${block}, %ctaid.x;`);
    scope.variables.set("lane", lane);
    const tensors = [...reads, ...writes];
    if (this.#instances === 1) {
      scope.variables.set("group", block);
      tensors.forEach(({ id }, i) => this.#addresses.set(id, this.#address(`tensors+${8 * i}`)));
      return;
    }
    const [instance, group] = [this.fresh("r"), this.fresh("r")];
    this.line(`div.u32 ${instance}, ${block}, ${workgroups};`);
    this.line(`rem.u32 ${group}, ${block}, ${workgroups};`);
    scope.variables.set("group", group);
    const [base, table] = [this.fresh("rd"), this.fresh("rd")];
    this.line(`mov.b64 ${base}, tensors;`);
    this.line(`mad.wide.u32 ${table}, ${instance}, ${8 * tensors.length}, ${base};`);
    tensors.forEach(({ id }, i) => this.#addresses.set(id, this.#address(`${table}+${8 * i}`)));
  }

  /** A tensor's address in global memory, from a parameter. */
  #address(parameter: string): string {
    const [generic, address] = [this.fresh("rd"), this.fresh("rd")];
    this.line(`ld.param.u64 ${generic}, [${parameter}];`);
    this.line(`cvta.to.global.u64 ${address}, ${generic};`);
    return address;
  }

  #block(body: readonly Statement[], scope: Scope): void {
    for (const statement of body) this.#statement(statement, scope);
  }

  #statement(statement: Statement, scope: Scope): void {
    const value = (expr: Expr) => this.#value(expr, scope);
    switch (statement.kind) {
      case "let":
        scope.variables.set(statement.variable.name, value(statement.value));
        break;
      case "accumulator": {
        const { name, dtype } = statement.variable;
        const register = this.fresh(CLASSES[dtype]);
        this.#mutable.add(name);
        this.#changing.clear();
        scope.variables.set(name, register);
        this.#move(register, value(statement.initial), dtype);
        break;
      }
      case "update": {
        const { name, dtype } = statement.variable;
        this.#move(scope.variables.get(name)!, value(statement.value), dtype);
        break;
      }
      case "multiplyAdd": {
        const sum = scope.variables.get(statement.variable.name)!;
        const [left, right] = [value(statement.left), value(statement.right)];
        this.line(`fma.rn.f32 ${sum}, ${left}, ${right}, ${sum};`);
        break;
      }
      case "multiplyMatrices": {
        const [left, right, sums] = [statement.left, statement.right, statement.sums].map(
          (registers) => `{${registers.map(value).join(", ")}}`,
        );
        this.line(`${MULTIPLY_MATRICES} ${sums}, ${left}, ${right}, ${sums};`);
        break;
      }
      case "store":
      case "share": {
        const { dtype } = statement.value;
        const word = this.#word(value(statement.value), dtype);
        const place = value(statement.place);
        const [space, address] = statement.kind === "store"
          ? ["global", this.#globalPlace(statement.tensor.id, place)]
          : ["shared", this.#sharedPlace(statement.array, place)];
        this.line(`st.${space}.${WORD_TYPES[dtype]} [${address}], ${word};`);
        break;
      }
      case "barrier":
        return this.line("bar.sync 0;");
      case "loop":
        return this.#loop(statement, scope);
      case "if":
        return this.#if(statement, scope);
    }
  }

  #loop({ variable, count, body }: Extract<Statement, { kind: "loop" }>, scope: Scope): void {
    const [counter, again] = [this.fresh("r"), this.fresh("p")];
    const label = `LOOP_${this.#labels++}`;
    const inner = innerScope(scope);
    inner.variables.set(variable.name, counter);
    this.line(`mov.u32 ${counter}, 0;`);
    this.#lines.push(`${label}:`);
    this.#block(body, inner);
    this.line(`add.s32 ${counter}, ${counter}, 1;`);
    this.line(`setp.lt.s32 ${again}, ${counter}, ${count};`);
    this.line(`@${again} bra ${label};`);
  }

  #if({ condition, body }: Extract<Statement, { kind: "if" }>, scope: Scope): void {
    if (known(condition)) return this.#block(body, innerScope(scope));
    const label = `END_${this.#labels++}`;
    this.line(`@!${this.#value(condition, scope)} bra ${label};`);
    this.#block(body, innerScope(scope));
    this.#lines.push(`${label}:`);
  }

  /** The register, or the number, that an expression's value is in. */
  #value(expr: Expr, scope: Scope): string {
    if (expr.op === "variable") {
      const register = scope.variables.get(expr.name);
      if (!register) throw new Error(`Internal: variable ${expr.name} is not bound`);
      return register;
    }
    const computed = scope.values.get(expr);
    if (computed) return computed;
    const register = this.#compute(expr, scope);
    if (!this.#changes(expr)) scope.values.set(expr, register);
    return register;
  }

  #changes(expr: Expr): boolean {
    const known = this.#changing.get(expr);
    if (known !== undefined) return known;
    const changes = expr.volatile || this.#mutable.has(expr.name) ||
      expr.args.some((arg) => this.#changes(arg));
    this.#changing.set(expr, changes);
    return changes;
  }

  #compute(expr: Expr, scope: Scope): string {
    const { op, args, dtype } = expr;
    const value = (operand: Expr) => this.#value(operand, scope);
    switch (op) {
      case "constant":
        return constantOf(this, expr);
      case "sum":
        return weightedSum(this, expr, value);
      case "div":
        return quotient(this, value(args[0]!), expr.value);
      case "mod":
        return remainder(this, value(args[0]!), expr.value);
      case "rotate": {
        const [register, x] = [this.fresh("r"), value(args[0]!)];
        this.line(`shf.l.wrap.b32 ${register}, ${x}, ${x}, ${expr.value};`);
        return register;
      }
      case "load":
        return this.#load(expr, value);
      case "shared": {
        const register = this.fresh(dtype === "float32" ? "f" : "r");
        const address = this.#sharedPlace(expr.name, value(args[0]!));
        this.line(`ld.shared.${WORD_TYPES[dtype]} ${register}, [${address}];`);
        return dtype === "bool" ? convertTo(this, register, "int32", "bool") : register;
      }
      case "select":
        return selectOf(this, dtype, value(args[0]!), value(args[1]!), value(args[2]!));
      case "convert":
        return convertTo(this, value(args[0]!), args[0]!.dtype, dtype);
      default:
        return applyFunction(this, expr, args.map(value));
    }
  }

  /** Not carried out where the condition fails: the address may be anything there. */
  #load({ args, memory, dtype }: Expr, value: (operand: Expr) => string): string {
    const register = this.fresh(dtype === "float32" ? "f" : "r");
    const always = known(args[1]!);
    const inside = always ? "" : `@${value(args[1]!)} `;
    if (!always) this.line(`mov.b32 ${register}, ${dtype === "float32" ? floatBits(0) : 0};`);
    const address = this.#globalPlace(memory!.id, value(args[0]!));
    this.line(`${inside}ld.global.nc.${WORD_TYPES[dtype]} ${register}, [${address}];`);
    return dtype === "bool" ? convertTo(this, register, "int32", "bool") : register;
  }

  #globalPlace(id: number, place: string): string {
    const address = this.fresh("rd");
    this.line(`mad.wide.s32 ${address}, ${place}, 4, ${this.#addresses.get(id)};`);
    return address;
  }

  #sharedPlace(array: string, place: string): string {
    const [base, address] = [this.fresh("r"), this.fresh("r")];
    this.line(`mov.u32 ${base}, ${array};`);
    this.line(`mad.lo.s32 ${address}, ${place}, 4, ${base};`);
    return address;
  }

  #move(register: string, value: string, dtype: ScalarType): void {
    this.line(`mov.${dtype === "bool" ? "pred" : WORD_TYPES[dtype]} ${register}, ${value};`);
  }

  /** As it lies in memory. */
  #word(value: string, dtype: ScalarType): string {
    return dtype === "bool" ? convertTo(this, value, "bool", "int32") : value;
  }
}

const MULTIPLY_MATRICES = "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32";

const REGISTER_TYPES: Record<RegisterClass, string> = {
  f: ".f32",
  r: ".b32",
  p: ".pred",
  rd: ".b64",
};

const WORD_TYPES: Record<ScalarType, string> = { float32: "f32", int32: "u32", bool: "u32" };
