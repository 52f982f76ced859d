/** Two programs that take turns on an otherwise idle machine. */
import { parseArgs } from "node:util";
import type { Peer } from "./peer.ts";

/** Measured rounds: those that `--rounds N` asks for on the command line, or the benchmark's own. */
export function roundsAsked(byDefault: number): number {
  const { rounds } = parseArgs({ options: { rounds: { type: "string" } } }).values;
  if (rounds === undefined) return byDefault;
  if (/^[1-9]\d{0,3}$/.test(rounds)) return Number(rounds);
  console.error(`--rounds is ${rounds}, but must be a whole number from 1 to 9999`);
  Deno.exit(2);
}

/** Medians in milliseconds, and the median of the turns' ratios, ours over the peer's. */
export interface Turns {
  readonly ours: number;
  readonly peer: number;
  readonly ratio: number;
}

/**
 * Lets both work in turn: up to three rounds unmeasured, then `rounds` measured.
 *
 * @param ours Does our work once and returns its milliseconds.
 */
export async function takeTurns(
  ours: () => Promise<number>,
  peer: Peer,
  rounds: number,
): Promise<Turns> {
  const times = { ours: [] as number[], peer: [] as number[] };
  const warmUp = Math.min(3, Math.ceil(rounds / 3));
  for (let round = -warmUp; round < rounds; round++) {
    await settle();
    const a = await ours();
    await settle();
    const b = await peer.turn();
    if (round < 0) continue;
    times.ours.push(a);
    times.peer.push(b);
  }
  return {
    ours: median(times.ours),
    peer: median(times.peer),
    ratio: median(times.ours.map((time, i) => time / times.peer[i]!)),
  };
}

/** Lets threads that spin after their work go to sleep, so that none runs in the other's time. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}
