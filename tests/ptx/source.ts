/**
 * An entry point as JavaScript. Between two barriers the threads of a block run one after the other, in
 * a function of their own; what they keep in registers meanwhile lies in arrays.
 */
import {
  expressionOf,
  globalAccess,
  INTERVAL,
  SHARED_STRIDE,
  sharedAccess,
} from "./instructions.ts";
import {
  type Entry,
  type Guard,
  type Instruction,
  type Node,
  registersIn,
  resultsOf,
} from "./module.ts";

const ARRAYS: Readonly<Record<string, string>> = {
  f: "Float32Array",
  r: "Int32Array",
  p: "Uint8Array",
  rd: "Float64Array",
};

/** Whether threads wait for others in a node. */
function isCollective(node: Node): boolean {
  return node.kind === "instruction" ? isMeeting(node) : node.body.some(isCollective);
}

function isMeeting({ op }: Instruction): boolean {
  return op === "bar.sync" || op.startsWith("mma.");
}

/** A function of what compileEntry() provides that returns a RunGrid, as text. */
export class Source {
  readonly #entry: Entry;
  readonly #places: ReadonlyMap<string, number>;
  readonly #segments: string[] = [];
  /** Registers whose values outlive the stretch of code in which threads run by themselves. */
  readonly #kept: ReadonlySet<string>;
  #instructions = 0;

  constructor(entry: Entry) {
    this.#entry = entry;
    this.#places = new Map([...entry.shared.keys()].map((name, i) => [name, i * SHARED_STRIDE]));
    this.#kept = keptRegisters(entry.body);
  }

  print(): string {
    const { lanes, shared } = this.#entry;
    const body = this.#collective(this.#entry.body);
    const words = shared.size * SHARED_STRIDE / 4;
    const arrays = [...shared].map(([name, bytes]) => {
      const start = this.#places.get(name)! / 4;
      const range = `(-1, ${start}, ${start + bytes / 4})`;
      return `sharedWriters.fill${range}; sharedReaders.fill${range};`;
    });
    return [
      '"use strict";',
      "const { words, floats, writers, readers } = memory;",
      `const shared = new Int32Array(${words}), sharedFloats = new Float32Array(shared.buffer);`,
      `const sharedWriters = new Int32Array(${words}).fill(-2);`,
      `const sharedReaders = new Int32Array(${words});`,
      ...[...this.#kept].map((register) =>
        `const ${arrayOf(register)} = new ${ARRAYS[fileOf(register)]}(${lanes});`
      ),
      ...this.#segments,
      "return (blocks, table, launch) => {",
      "for (let block = 0; block < blocks; block++) {",
      "let interval = 0;",
      ...arrays,
      ...body,
      "}",
      "};",
    ].join("\n");
  }

  /** Nodes that all threads of a block go through together, with segments between where they do not. */
  #collective(nodes: readonly Node[]): string[] {
    const lines: string[] = [];
    let apart: Node[] = [];
    const flush = () => {
      if (apart.length > 0) lines.push(this.#segment(apart));
      apart = [];
    };
    for (const node of nodes) {
      if (!isCollective(node)) {
        apart.push(node);
        continue;
      }
      flush();
      if (node.kind === "instruction") lines.push(this.#meeting(node));
      else if (node.kind === "skip") {
        lines.push(`if (!${uniform(node.guard, node.label)}) {`);
        lines.push(...this.#collective(node.body), "}");
      } else {
        lines.push("do {", ...this.#collective(node.body));
        lines.push(`} while (${uniform(node.guard, node.label)});`);
      }
    }
    flush();
    return lines;
  }

  #meeting({ op, operands, text, guard }: Instruction): string {
    this.#instructions++;
    if (guard) throw new SyntaxError(`Guarded: ${text}`);
    if (op === "bar.sync") {
      if (operands.join() !== "0") throw new SyntaxError(`Not the one barrier: ${text}`);
      return `interval += ${INTERVAL};`;
    }
    if (op !== "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32") {
      throw new SyntaxError(`An instruction that is not known: ${text}`);
    }
    const fragments = operands.map((operand) => registersIn(operand).map(arrayOf).join(", "));
    return `multiplyFragments(${fragments.map((list) => `[${list}]`).join(", ")});`;
  }

  /** What every thread does by itself, one after the other. */
  #segment(nodes: readonly Node[]): string {
    const { lanes } = this.#entry;
    const name = `segment${this.#segments.length}`;
    const used = new Set<string>();
    const set = new Set<string>();
    visit(nodes, (instruction) => {
      registersIn(instruction.text).forEach((register) => used.add(register));
      resultsOf(instruction).forEach((register) => set.add(register));
    }, ({ register }) => used.add(register));
    const kept = [...used].filter((register) => this.#kept.has(register));
    this.#segments.push([
      `function ${name}(block, interval, table, launch) {`,
      `for (let lane = 0; lane < ${lanes}; lane++) {`,
      "const me = interval + lane;",
      ...[...used].map((register) =>
        `let ${local(register)} = ${
          !this.#kept.has(register)
            ? fileOf(register) === "p" ? "false" : "0"
            : `${arrayOf(register)}[lane]${fileOf(register) === "p" ? " !== 0" : ""}`
        };`
      ),
      ...this.#apart(nodes),
      ...kept.filter((register) => set.has(register)).map((register) =>
        `${arrayOf(register)}[lane] = ${local(register)};`
      ),
      "}",
      "}",
    ].join("\n"));
    return `${name}(block, interval, table, launch);`;
  }

  #apart(nodes: readonly Node[]): string[] {
    return nodes.flatMap((node) => {
      switch (node.kind) {
        case "instruction": {
          const line = this.#instruction(node);
          return node.guard ? [`if (${guardText(node.guard)}) {`, line, "}"] : [line];
        }
        case "skip":
          return [`if (!(${guardText(node.guard)})) {`, ...this.#apart(node.body), "}"];
        case "repeat":
          return ["do {", ...this.#apart(node.body), `} while (${guardText(node.guard)});`];
      }
    });
  }

  #instruction({ op, operands, text }: Instruction): string {
    const number = this.#instructions++;
    const [first, second] = operands as [string, string];
    const values = operands.map((operand) => this.#value(operand));
    const memory = /^(ld|st)\.(param|global|shared)(?:\.nc)?\.(u64|f32|u32)$/.exec(op);
    if (!memory) {
      return `${local(first)} = ${expressionOf(op, values.slice(1), text)};`;
    }
    const [, way, space, type] = memory;
    if (space === "param") return `${local(first)} = parameter(table, ${this.#place(second)});`;
    const address = this.#place(way === "ld" ? second : first);
    const array = type === "f32" ? { global: "floats", shared: "sharedFloats" } : {
      global: "words",
      shared: "shared",
    };
    const access = space === "global" ? globalAccess : sharedAccess;
    const element = `${array[space as "global" | "shared"]}[i]`;
    const act = way === "ld" ? `${local(first)} = ${element};` : `${element} = ${values[1]};`;
    return access(way === "st", address, act, number);
  }

  /** The address in brackets. */
  #place(operand: string): string {
    const match = /^\[([%\w]+)(?:\+(\d+))?\]$/.exec(operand);
    if (!match) throw new SyntaxError(`Not an address: ${operand}`);
    return match[2] ? `(${this.#value(match[1]!)} + ${match[2]})` : this.#value(match[1]!);
  }

  #value(operand: string): string {
    if (operand === "%tid.x") return "lane";
    if (operand === "%ctaid.x") return "block";
    if (operand === "tensors") return "0";
    if (operand.startsWith("%")) return local(operand);
    const place = this.#places.get(operand);
    if (place !== undefined) return `${place}`;
    if (/^0f[\dA-F]{8}$/.test(operand)) return `(${numberText(floatOf(operand))})`;
    return `(${operand})`;
  }
}

/** Registers that are used in more than one segment, or where threads meet. */
function keptRegisters(body: readonly Node[]): ReadonlySet<string> {
  const segmentOf = new Map<string, number>();
  const kept = new Set<string>();
  let segment = 0;
  const use = (register: string) => {
    if (segmentOf.has(register) && segmentOf.get(register) !== segment) kept.add(register);
    segmentOf.set(register, segment);
  };
  const walk = (nodes: readonly Node[]) => {
    for (const node of nodes) {
      if (!isCollective(node)) {
        visit(
          [node],
          ({ text }) => registersIn(text).forEach(use),
          ({ register }) => use(register),
        );
        continue;
      }
      segment++;
      if (node.kind === "instruction") registersIn(node.text).forEach((r) => kept.add(r));
      else {
        kept.add(node.guard.register);
        walk(node.body);
      }
      segment++;
    }
  };
  walk(body);
  return kept;
}

function visit(
  nodes: readonly Node[],
  instruction: (instruction: Instruction) => void,
  guard: (guard: Guard) => void,
): void {
  for (const node of nodes) {
    if (node.kind === "instruction") instruction(node);
    else {
      guard(node.guard);
      visit(node.body, instruction, guard);
    }
  }
}

function uniform({ register, negated }: Guard, label: string): string {
  return `holdsForAll(${arrayOf(register)}, ${negated}, "${label}")`;
}

function guardText({ register, negated }: Guard): string {
  return `${negated ? "!" : ""}${local(register)}`;
}

function fileOf(register: string): string {
  return /^%([a-z]+)/.exec(register)![1]!;
}

function local(register: string): string {
  return register.slice(1);
}

function arrayOf(register: string): string {
  return `all_${register.slice(1)}`;
}

function floatOf(text: string): number {
  return new Float32Array(Uint32Array.of(parseInt(text.slice(2), 16)).buffer)[0]!;
}

function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : `${value}`;
}
