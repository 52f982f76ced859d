/** Runs the PTX that we print, lane by lane: the instructions that printPtx() uses and no others. */
import { known, operations } from "./instructions.ts";

/** A row of bytes in global or shared memory, as words. */
export interface Space {
  readonly words: Int32Array;
  readonly floats: Float32Array;
}

export function spaceOf(words: Int32Array): Space {
  return { words, floats: new Float32Array(words.buffer, words.byteOffset, words.length) };
}

/** Every tensor begins at a multiple of this in the address space of the interpreter. */
export const STRIDE = 2 ** 36;

type Value = number | boolean;

/** One instruction, with what guards it. */
interface Instruction {
  readonly op: string;
  readonly operands: readonly string[];
  readonly guard: { readonly register: string; readonly negated: boolean } | undefined;
}

export interface Entry {
  readonly lanes: number;
  readonly shared: ReadonlyMap<string, number>;
  readonly sharedBytes: number;
  readonly instructions: readonly Instruction[];
  readonly labels: ReadonlyMap<string, number>;
}

/** Reads the text of one entry point. */
export function parseEntry(text: string): Entry {
  const instructions: Instruction[] = [];
  const labels = new Map<string, number>();
  const shared = new Map<string, number>();
  let sharedBytes = 0;
  for (const line of text.split("\n").map((line) => line.trim())) {
    const array = /^\.shared \.align 16 \.b8 (\w+)\[(\d+)\];$/.exec(line);
    const label = /^(\w+):$/.exec(line);
    if (array) {
      shared.set(array[1]!, sharedBytes);
      sharedBytes += 16 * Math.ceil(Number(array[2]) / 16);
    } else if (label) labels.set(label[1]!, instructions.length);
    else if (/^(@|[a-z])/.test(line)) instructions.push(parseInstruction(line));
  }
  return {
    lanes: Number(/\.maxntid (\d+)/.exec(text)![1]),
    shared,
    sharedBytes,
    instructions,
    labels,
  };
}

function parseInstruction(line: string): Instruction {
  const match = /^(?:@(!?)(%\w+) )?([\w.]+)(?: (.*))?;$/.exec(line);
  if (!match) throw new Error(`Not an instruction: ${line}`);
  const [, negated, register, op, rest = ""] = match;
  if (!known(op!)) throw new Error(`An instruction that the interpreter does not know: ${line}`);
  return {
    op: op!,
    operands: rest === "" ? [] : rest.split(",").map((operand) => operand.trim()),
    guard: register ? { register, negated: negated === "!" } : undefined,
  };
}

/** Runs a grid of blocks, one after the other. `tensors` are the addresses in the parameter. */
export function runGrid(
  entry: Entry,
  blocks: number,
  tensors: readonly number[],
  global: ReadonlyMap<number, Space>,
): void {
  for (let block = 0; block < blocks; block++) {
    const shared = spaceOf(new Int32Array(Math.ceil(entry.sharedBytes / 4)).fill(0x7fc00000));
    const lanes = Array.from(
      { length: entry.lanes },
      (_, lane) => new Lane(entry, { lane, block, tensors, global, shared }),
    );
    // From one barrier to the next; all lanes must come by the same.
    for (let running = true; running;) {
      const places = new Set(lanes.map((lane) => lane.run()));
      if (places.size > 1) throw new Error("Lanes that wait at different barriers");
      running = !places.has(-1);
    }
  }
}

interface Place {
  readonly lane: number;
  readonly block: number;
  readonly tensors: readonly number[];
  readonly global: ReadonlyMap<number, Space>;
  readonly shared: Space;
}

class Lane {
  readonly #entry: Entry;
  readonly #place: Place;
  readonly #registers = new Map<string, Value>();
  #next = 0;

  constructor(entry: Entry, place: Place) {
    this.#entry = entry;
    this.#place = place;
  }

  /** Runs to the next barrier, or to the end: which barrier, or −1. */
  run(): number {
    const { instructions, labels } = this.#entry;
    for (;;) {
      const at = this.#next++;
      const { op, operands, guard } = instructions[at]!;
      if (guard && this.#registers.get(guard.register) === guard.negated) continue;
      if (op === "ret") return -1;
      if (op === "bar.sync") return at;
      if (op === "bra") {
        this.#next = labels.get(operands[0]!)!;
        continue;
      }
      this.#step(op, operands);
    }
  }

  #step(op: string, operands: readonly string[]): void {
    const [first, ...rest] = operands as [string, ...string[]];
    if (op.startsWith("ld.param")) {
      const [base, offset = "0"] = rest[0]!.slice(1, -1).split("+");
      const start = base === "tensors" ? 0 : this.#value(base!) as number;
      this.#registers.set(first, this.#place.tensors[(start + Number(offset)) / 8]!);
    } else if (op.startsWith("ld.")) {
      const { space, index } = this.#memory(op, rest[0]!);
      this.#registers.set(first, op.endsWith("f32") ? space.floats[index]! : space.words[index]!);
    } else if (op.startsWith("st.")) {
      const { space, index } = this.#memory(op, first);
      const value = this.#value(rest[0]!) as number;
      if (op.endsWith("f32")) space.floats[index] = value;
      else space.words[index] = value;
    } else {
      const values = rest.map((operand) => this.#value(operand));
      this.#registers.set(first, operations(op)(...values as number[]));
    }
  }

  /** Where an address leads; it must be inside of a tensor, or of shared memory. */
  #memory(op: string, operand: string): { space: Space; index: number } {
    const address = this.#value(operand.slice(1, -1)) as number;
    const { global, shared } = this.#place;
    const isShared = op.includes(".shared.");
    const number = Math.floor(address / STRIDE);
    const space = isShared ? shared : global.get(number);
    const index = (isShared ? address : address - number * STRIDE) / 4;
    if (!space || !Number.isInteger(index) || index < 0 || index >= space.words.length) {
      throw new RangeError(`${op} at ${address}, which is in no tensor`);
    }
    return { space, index };
  }

  #value(operand: string): Value {
    const known = this.#registers.get(operand);
    if (known !== undefined) return known;
    if (operand === "%tid.x") return this.#place.lane;
    if (operand === "%ctaid.x") return this.#place.block;
    if (operand === "tensors") return 0;
    if (operand.startsWith("0f")) return floatOf(operand);
    const array = this.#entry.shared.get(operand);
    if (array !== undefined) return array;
    const number = Number(operand);
    if (Number.isNaN(number)) throw new Error(`${operand} was not computed`);
    return number;
  }
}

function floatOf(text: string): number {
  return new Float32Array(Uint32Array.of(parseInt(text.slice(2), 16)).buffer)[0]!;
}
