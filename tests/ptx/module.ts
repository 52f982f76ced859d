/** Modules of PTX text, read as the driver reads them: the statements that printPtx() prints, and no others. */

/** One instruction; it is carried out where its guard, if it has one, holds. */
export interface Instruction {
  readonly kind: "instruction";
  readonly op: string;
  readonly operands: readonly string[];
  readonly guard: Guard | undefined;
  readonly text: string;
}

export interface Guard {
  readonly register: string;
  readonly negated: boolean;
}

/** A forward branch over a body, which threads skip for which the guard holds. */
export interface Skip {
  readonly kind: "skip";
  readonly label: string;
  readonly guard: Guard;
  readonly body: readonly Node[];
}

/** A body that threads repeat for which the guard of the branch at its end holds. */
export interface Repeat {
  readonly kind: "repeat";
  readonly label: string;
  readonly guard: Guard;
  readonly body: readonly Node[];
}

export type Node = Instruction | Skip | Repeat;

export interface Entry {
  readonly name: string;
  readonly lanes: number;
  readonly parameterBytes: number;
  /** Arrays in shared memory, with their bytes. */
  readonly shared: ReadonlyMap<string, number>;
  readonly body: readonly Node[];
  /** Everything but the name. */
  readonly text: string;
}

/** The compute capability that a module is for, times ten, and its entry points by name. */
export interface Module {
  readonly target: number;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** Static shared memory that a block may have on every card. */
const MOST_SHARED = 48 * 1024;
const MOST_PARAMETERS = 4096;

/** @throws {SyntaxError} If the text has anything that printPtx() does not print. */
export function parseModule(text: string): Module {
  const [head, ...entries] = text.split(".visible .entry ");
  const match = /^\.version \d\.\d\n\.target sm_(\d\d)\n\.address_size 64\n$/.exec(head!);
  if (!match) throw new SyntaxError(`Not the head of a module: ${head}`);
  return {
    target: Number(match[1]),
    entries: new Map(entries.map(parseEntry).map((entry) => [entry.name, entry])),
  };
}

const HEAD = /^(\w+)\(\.param \.align 8 \.b8 tensors\[(\d+)\]\)\n\.maxntid (\d+), 1, 1\n/;

function parseEntry(text: string): Entry {
  const match = HEAD.exec(text);
  if (!match) throw new SyntaxError(`Not the head of an entry point: ${text.slice(0, 100)}`);
  const [head, name, bytes, lanes] = match as unknown as [string, string, string, string];
  const shared = new Map<string, number>();
  const registers = new Map<string, number>();
  const body = new Body(registers);
  for (const line of text.slice(head.length).split("\n").map((line) => line.trim())) {
    const array = /^\.shared \.align 16 \.b8 (\w+)\[(\d+)\];$/.exec(line);
    const file = /^\.reg \.\w+ %([a-z]+)<(\d+)>;$/.exec(line);
    if (array) shared.set(array[1]!, Number(array[2]));
    else if (file) registers.set(file[1]!, Number(file[2]));
    else if (!["", "{", "}", ".minnctapersm 1"].includes(line)) body.add(line);
  }
  const sharedBytes = [...shared.values()].reduce(
    (sum, size) => sum + 16 * Math.ceil(size / 16),
    0,
  );
  if (sharedBytes > MOST_SHARED) throw new RangeError(`${name} has ${sharedBytes} shared bytes`);
  if (Number(bytes) > MOST_PARAMETERS) throw new RangeError(`${name} has ${bytes} parameter bytes`);
  return {
    name,
    lanes: Number(lanes),
    parameterBytes: Number(bytes),
    shared,
    body: body.finished(),
    text: text.slice(name.length),
  };
}

interface Open {
  readonly kind: Node["kind"] | "entry";
  readonly label: string;
  readonly guard: Guard | undefined;
  readonly body: Node[];
  /** Registers that have a value for every thread that comes here. */
  readonly known: Set<string>;
}

/** The statements of an entry point, as branches that nest. */
class Body {
  readonly #registers: ReadonlyMap<string, number>;
  readonly #labels = new Set<string>();
  readonly #stack: Open[] = [
    { kind: "entry", label: "", guard: undefined, body: [], known: new Set() },
  ];
  #returned = false;

  constructor(registers: ReadonlyMap<string, number>) {
    this.#registers = registers;
  }

  add(line: string): void {
    if (this.#returned) throw new SyntaxError(`After the end: ${line}`);
    const label = /^(\w+):$/.exec(line)?.[1];
    if (label) return this.#label(label);
    const instruction = parseInstruction(line);
    const { op, operands: [target], guard } = instruction;
    if (guard) this.#requireKnown(guard.register, line);
    if (op === "ret") this.#returned = true;
    else if (op === "bra") this.#branch(target!, guard, line);
    else this.#plain(instruction);
  }

  finished(): readonly Node[] {
    if (!this.#returned || this.#stack.length > 1) throw new SyntaxError("A body without an end");
    return this.#stack[0]!.body;
  }

  get #top(): Open {
    return this.#stack.at(-1)!;
  }

  #label(label: string): void {
    if (this.#labels.has(label)) throw new SyntaxError(`The label ${label} twice`);
    this.#labels.add(label);
    const { kind, label: awaited, known } = this.#top;
    if (kind === "skip" && awaited === label) return this.#close();
    // Repeated at least once, so what it computes is known behind it.
    this.#stack.push({ kind: "repeat", label, guard: undefined, body: [], known });
  }

  #branch(label: string, guard: Guard | undefined, line: string): void {
    if (!guard) throw new SyntaxError(`A branch without a guard: ${line}`);
    if (!this.#labels.has(label)) {
      const known = new Set(this.#top.known);
      this.#stack.push({ kind: "skip", label, guard, body: [], known });
      return;
    }
    if (this.#top.kind !== "repeat" || this.#top.label !== label) {
      throw new SyntaxError(`Branches that do not nest: ${line}`);
    }
    this.#stack.push({ ...this.#stack.pop()!, guard });
    this.#close();
  }

  #close(): void {
    const { kind, label, guard, body } = this.#stack.pop()!;
    this.#top.body.push({ kind, label, guard, body } as Skip | Repeat);
  }

  #plain(instruction: Instruction): void {
    const { operands, guard, text } = instruction;
    const results = resultsOf(instruction);
    const registers = registersIn(operands.join());
    for (const register of registers) this.#requireDeclared(register, text);
    const sources = registersIn(operands.slice(results.length > 0 ? 1 : 0).join());
    for (const register of sources) this.#requireKnown(register, text);
    this.#top.body.push(instruction);
    if (!guard) { for (const register of results) this.#top.known.add(register); }
  }

  #requireDeclared(register: string, text: string): void {
    const [, file, number] = /^%([a-z]+)(\d+)$/.exec(register)!;
    if (Number(number) < (this.#registers.get(file!) ?? 0)) return;
    throw new SyntaxError(`${register} is not declared: ${text}`);
  }

  #requireKnown(register: string, text: string): void {
    if (this.#top.known.has(register)) return;
    throw new SyntaxError(`${register} has no value for some threads: ${text}`);
  }
}

function parseInstruction(text: string): Instruction {
  const match = /^(?:@(!?)(%p\d+) )?([a-z][\w.]*)(?: (.*))?;$/.exec(text);
  if (!match) throw new SyntaxError(`Not an instruction: ${text}`);
  const [, negated, register, op, rest = ""] = match;
  return {
    kind: "instruction",
    op: op!,
    operands: [...rest.matchAll(/\{[^}]*\}|[^,\s][^,]*/g)].map(([operand]) => operand),
    guard: register ? { register, negated: negated === "!" } : undefined,
    text,
  };
}

/** The registers that an instruction sets. */
export function resultsOf({ op, operands }: Instruction): string[] {
  return op.startsWith("st.") || op === "bar.sync" ? [] : registersIn(operands[0]!);
}

/** The registers that a text names, special ones left out. */
export function registersIn(text: string): string[] {
  return text.match(/%[a-z]+\d+/g) ?? [];
}
