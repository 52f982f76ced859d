/** Runs kernels on arrays, statement by statement for all lanes: what the devices are judged by. */
import type { KernelProgram } from "../../../engine/kernels/compile.ts";
import type { Expr } from "../../../engine/kernels/expression.ts";
import type { Kernel, Statement } from "../../../engine/kernels/kernel.ts";
import type { Tensor } from "../../../engine/kernels/tensor.ts";
import { sizeOf } from "../../../engine/graph/value.ts";
import type { Arrays } from "../../../engine/mod.ts";
import { scalarFunction } from "./scalar_functions.ts";

type Memory = Float32Array | Int32Array;

/** What one lane knows, by the names of variables. */
type Lane = Map<string, number>;

/** The outputs of a program for some inputs. */
export function interpret(program: KernelProgram, inputs: Arrays): Arrays {
  const memory = new Map<number, Memory>();
  for (const { id, name, data } of program.sources) {
    memory.set(id, data ? Float64Array.from(data, Number) as never : inputs[name]!);
  }
  for (const [whole, parts] of program.parts) {
    const array = arrayFor(whole);
    memory.set(whole.id, array);
    for (const { tensor, offset } of parts) {
      memory.set(tensor.id, array.subarray(offset, offset + sizeOf(tensor.shape)));
    }
  }
  const stored = program.kernels.flatMap(({ reads, writes }) => [...reads, ...writes]);
  // Nothing writes tensors without elements.
  for (const tensor of [...stored, ...Object.values(program.outputs)]) {
    if (!memory.has(tensor.id)) memory.set(tensor.id, arrayFor(tensor));
  }
  for (const kernel of program.kernels) {
    for (let group = 0; group < kernel.workgroups; group++) {
      new Workgroup(kernel, group, memory).run(kernel.body);
    }
  }
  return Object.fromEntries(
    Object.entries(program.outputs).map(([name, { id }]) => [name, memory.get(id)!]),
  );
}

function arrayFor({ shape, dtype }: Tensor): Memory {
  // Nothing is to be read that was not written.
  return dtype === "float32"
    ? new Float32Array(sizeOf(shape)).fill(NaN)
    : new Int32Array(sizeOf(shape)).fill(-(2 ** 31));
}

class Workgroup {
  readonly #lanes: Lane[];
  readonly #shared: Map<string, Memory>;
  readonly #memory: ReadonlyMap<number, Memory>;
  readonly #known = new Map<Expr, number>();

  constructor(kernel: Kernel, group: number, memory: ReadonlyMap<number, Memory>) {
    this.#memory = memory;
    this.#lanes = Array.from(
      { length: kernel.lanes },
      (_, lane) => new Map([["group", group], ["lane", lane]]),
    );
    this.#shared = new Map(kernel.shared.map(({ name, dtype, length }) => [
      name,
      dtype === "float32" ? new Float32Array(length).fill(NaN) : new Int32Array(length),
    ]));
  }

  run(body: readonly Statement[], lanes: readonly Lane[] = this.#lanes): void {
    for (const statement of body) this.#step(statement, lanes);
  }

  #step(statement: Statement, lanes: readonly Lane[]): void {
    switch (statement.kind) {
      case "let":
      case "update":
        for (const lane of lanes) {
          lane.set(statement.variable.name, this.#evaluate(statement.value, lane));
        }
        break;
      case "accumulator":
        for (const lane of lanes) {
          lane.set(statement.variable.name, this.#evaluate(statement.initial, lane));
        }
        break;
      case "multiplyAdd":
        for (const lane of lanes) {
          const product = this.#evaluate(statement.left, lane) *
            this.#evaluate(statement.right, lane);
          const { name } = statement.variable;
          lane.set(name, Math.fround(product + lane.get(name)!));
        }
        break;
      case "multiplyMatrices":
        throw new Error("Products of matrices are for PTX alone");
      case "store":
      case "share": {
        const array = statement.kind === "store"
          ? this.#memory.get(statement.tensor.id)!
          : this.#shared.get(statement.array)!;
        for (const lane of lanes) {
          write(
            array,
            this.#evaluate(statement.place, lane),
            this.#evaluate(statement.value, lane),
          );
        }
        break;
      }
      case "barrier":
        if (lanes.length !== this.#lanes.length) throw new Error("A barrier for some lanes only");
        break;
      case "loop":
        for (let i = 0; i < statement.count; i++) {
          for (const lane of lanes) lane.set(statement.variable.name, i);
          this.run(statement.body, lanes);
        }
        break;
      case "if": {
        const inside = lanes.filter((lane) => this.#evaluate(statement.condition, lane));
        if (inside.length > 0) this.run(statement.body, inside);
        break;
      }
    }
  }

  /** Each subexpression once: some share so many that there are more paths than time. */
  #evaluate(expr: Expr, lane: Lane): number {
    this.#known.clear();
    return this.#value(expr, lane);
  }

  #value(expr: Expr, lane: Lane): number {
    if (expr.args.length === 0) return this.#compute(expr, lane);
    const known = this.#known.get(expr);
    if (known !== undefined) return known;
    const value = this.#compute(expr, lane);
    this.#known.set(expr, value);
    return value;
  }

  #compute(expr: Expr, lane: Lane): number {
    const { op, args, value } = expr;
    switch (op) {
      case "constant":
        return value;
      case "variable": {
        const found = lane.get(expr.name);
        if (found === undefined) throw new Error(`Variable ${expr.name} is not bound`);
        return found;
      }
      case "sum":
        return args.reduce(
          (sum, arg, i) => (sum + expr.coefficients[i]! * this.#value(arg, lane)) | 0,
          value,
        );
      case "div":
        return Math.trunc(this.#value(args[0]!, lane) / value);
      case "mod":
        return this.#value(args[0]!, lane) % value;
      case "rotate": {
        const x = this.#value(args[0]!, lane);
        return (x << value) | (x >>> (32 - value));
      }
      case "load":
        return this.#value(args[1]!, lane)
          ? read(this.#memory.get(expr.memory!.id)!, this.#value(args[0]!, lane))
          : 0;
      case "shared":
        return read(this.#shared.get(expr.name)!, this.#value(args[0]!, lane));
      case "select":
        return this.#value(args[0]!, lane)
          ? this.#value(args[1]!, lane)
          : this.#value(args[2]!, lane);
      default: {
        const operands = args.map((arg) => this.#value(arg, lane));
        return scalarFunction(expr, args[0]!.dtype, operands);
      }
    }
  }
}

function read(array: Memory, place: number): number {
  const value = array[place];
  if (value === undefined) throw new RangeError(`Read at ${place} of ${array.length}`);
  return value;
}

function write(array: Memory, place: number, value: number): void {
  if (!(place >= 0 && place < array.length)) {
    throw new RangeError(`Write at ${place} of ${array.length}`);
  }
  array[place] = value;
}
