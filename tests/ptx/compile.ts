/**
 * Compiles an entry point into a function of JavaScript that runs a grid. Everything that a card would
 * leave undefined is an error: addresses outside of what is allocated or declared, words read before
 * they are written, words that one thread of a launch (in shared memory: between two barriers) writes
 * and another reads or writes, and barriers that not all threads of a block reach.
 */
import { multiplyFragments } from "./fragments.ts";
import { FUNCTIONS, SHARED_STRIDE } from "./instructions.ts";
import type { CardMemory } from "./memory.ts";
import type { Entry, Node } from "./module.ts";
import { Source } from "./source.ts";

/** Runs a number of blocks. `table` are the words of 64 bits of the parameter. */
export type RunGrid = (blocks: number, table: Float64Array, launch: number) => void;

export function compileEntry(entry: Entry, memory: CardMemory): RunGrid {
  const source = new Source(entry).print();
  const instructions: string[] = [];
  const collect = (nodes: readonly Node[]) =>
    nodes.forEach((node) =>
      node.kind === "instruction" ? instructions.push(node.text) : collect(node.body)
    );
  collect(entry.body);
  const arrays = [...entry.shared.keys()];
  const fault = (i: number, block: number, lane: number, why: string): never => {
    throw new Error(`${entry.name}, block ${block}, thread ${lane}: ${why}: ${instructions[i]}`);
  };
  const environment = {
    ...FUNCTIONS,
    multiplyFragments,
    memory,
    globalFault(i: number, block: number, lane: number, address: number, launch: number) {
      fault(i, block, lane, memory.describe(address, launch));
    },
    sharedFault(
      i: number,
      block: number,
      lane: number,
      address: number,
      writer: number | undefined,
    ) {
      const array = arrays[Math.floor(address / SHARED_STRIDE)];
      const place = `shared byte ${address % SHARED_STRIDE} of ${array}`;
      fault(
        i,
        block,
        lane,
        address % 4 !== 0 || writer === undefined || writer === -2
          ? `${place} is not there`
          : writer === -1
          ? `${place} was never written`
          : `${place} is used by another thread, and there is no barrier between`,
      );
    },
    parameter(table: Float64Array, place: number): number {
      const value = table[place / 8];
      if (value === undefined) throw new RangeError(`${entry.name} has no parameter at ${place}`);
      return value;
    },
    /** Whether a guard holds, for all threads of the block. */
    holdsForAll(guards: Uint8Array, negated: boolean, label: string): boolean {
      if (guards.some((guard) => guard !== guards[0])) {
        throw new Error(`${entry.name}: not all threads reach the barriers at ${label}`);
      }
      return (guards[0] !== 0) !== negated;
    },
  };
  return new Function(...Object.keys(environment), source)(...Object.values(environment));
}
