/** Which examples are held out. */
import { createHash } from "node:crypto";

/** One in so many is held out. */
const HELD_OUT = 10;

/** Indices of examples to train on and to test with. */
export interface Split {
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/**
 * Holds out a tenth of every class, rounded, and of all classes together at least one: those whose
 * names have the highest SHA-256. So the split depends on names alone, neither on the order in which
 * a disk lists them nor on a seed, and a file that is added moves few others across. Both parts come
 * in the order of the hashes, which mixes the classes.
 *
 * @param names What identifies each example, such as its path; no two alike.
 */
export function splitByName(names: readonly string[], labels: ArrayLike<number>): Split {
  const hashes = names.map((name) => createHash("sha256").update(name).digest("hex"));
  const order = names.map((_, i) => i).sort((a, b) => hashes[a]! < hashes[b]! ? -1 : 1);
  const byClass = new Map<number, number[]>();
  for (const i of order) {
    const members = byClass.get(labels[i]!) ?? [];
    members.push(i);
    byClass.set(labels[i]!, members);
  }
  const held = new Set(
    [...byClass.values()].flatMap((members) =>
      members.slice(members.length - Math.round(members.length / HELD_OUT))
    ),
  );
  if (held.size === 0) held.add(order.at(-1)!);
  return {
    train: order.filter((i) => !held.has(i)),
    test: order.filter((i) => held.has(i)),
  };
}
