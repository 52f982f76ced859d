/**
 * Threefry-2x32 with 20 rounds as expressions: the words of host/random.ts, where its file says what
 * they are. Sums are of 32 bits and wrap around.
 */
import { type Expr, int, intern } from "./expression.ts";

const PARITY = 0x1bd11bda;
const ROTATIONS = [[13, 15, 26, 6], [17, 29, 16, 24]] as const;
const GROUPS = 5;

function add(x: Expr, y: Expr): Expr {
  return intern({ op: "add", dtype: "int32", args: [x, y] });
}

function exclusiveOr(x: Expr, y: Expr): Expr {
  return intern({ op: "exclusiveOr", dtype: "int32", args: [x, y] });
}

function rotate(x: Expr, by: number): Expr {
  return intern({ op: "rotate", dtype: "int32", args: [x], value: by });
}

/** The two words of a block, all of it int32. */
export function threefry(
  key: readonly [Expr, Expr],
  counter: readonly [Expr, Expr],
): [Expr, Expr] {
  const keys = [...key, exclusiveOr(exclusiveOr(int(PARITY), key[0]), key[1])];
  let [a, b] = [add(counter[0], key[0]), add(counter[1], key[1])];
  for (let group = 0; group < GROUPS; group++) {
    for (const by of ROTATIONS[group % 2]!) {
      a = add(a, b);
      b = exclusiveOr(rotate(b, by), a);
    }
    a = add(a, keys[(group + 1) % 3]!);
    b = add(add(b, keys[(group + 2) % 3]!), int(group + 1));
  }
  return [a, b];
}
