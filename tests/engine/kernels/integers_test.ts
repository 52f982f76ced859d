import assert from "node:assert/strict";
import fc from "fast-check";
import { type Expr, int, variable } from "../../../engine/kernels/expression.ts";
import {
  div,
  flatIndex,
  indexAt,
  less,
  minus,
  mod,
  plus,
  times,
  within,
} from "../../../engine/kernels/integers.ts";

/** The number that an expression stands for. */
function valueOf(x: Expr, variables: Readonly<Record<string, number>>): number {
  const args = x.args.map((arg) => valueOf(arg, variables));
  switch (x.op) {
    case "constant":
      return x.value;
    case "variable":
      return variables[x.name]!;
    case "sum":
      return args.reduce((sum, arg, i) => sum + arg * x.coefficients[i]!, x.value);
    case "div":
      return Math.floor(args[0]! / x.value);
    case "mod":
      return args[0]! % x.value;
    case "less":
      return Number(args[0]! < args[1]!);
    case "and":
      return Number(args[0]! && args[1]!);
    default:
      throw new Error(`No value of ${x.op}`);
  }
}

interface Case {
  readonly expr: Expr;
  readonly value: (variables: Readonly<Record<string, number>>) => number;
}

const EXTENTS = { a: 6, b: 4, c: 12 } as const;
const factor = fc.constantFrom(1, 2, 3, 4, 6, 8, 12, 24);

/** Sums, quotients and remainders that are never negative, and what they are worth. */
const indices = fc.letrec<{ index: Case }>((tie) => ({
  index: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(...Object.entries(EXTENTS)).map(([name, extent]): Case => ({
      expr: variable(name, extent),
      value: (variables) => variables[name]!,
    })),
    fc.nat(20).map((n): Case => ({ expr: int(n), value: () => n })),
    fc.tuple(tie("index"), tie("index"), factor).map(([x, y, k]): Case => ({
      expr: plus(times(x.expr, k), y.expr),
      value: (v) => x.value(v) * k + y.value(v),
    })),
    fc.tuple(tie("index"), factor).map(([x, k]): Case => ({
      expr: div(x.expr, k),
      value: (v) => Math.floor(x.value(v) / k),
    })),
    fc.tuple(tie("index"), factor).map(([x, k]): Case => ({
      expr: mod(x.expr, k),
      value: (v) => x.value(v) % k,
    })),
  ),
})).index;

const points = fc.record({ a: fc.nat(5), b: fc.nat(3), c: fc.nat(11) });

Deno.test("simplified index expressions keep their values, and stay within their bounds", () => {
  fc.assert(
    fc.property(indices, points, ({ expr, value }, at) => {
      assert.equal(valueOf(expr, at), value(at));
      assert.ok(expr.min <= value(at) && value(at) <= expr.max);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("comparisons that the bounds decide are decided rightly", () => {
  fc.assert(fc.property(indices, fc.integer({ min: -3, max: 30 }), points, (x, bound, at) => {
    assert.equal(valueOf(less(x.expr, bound), at), Number(x.value(at) < bound));
    const inside = x.value(at) >= 2 && x.value(at) < bound;
    assert.equal(valueOf(within(x.expr, 2, bound), at), Number(inside));
  }));
});

Deno.test("a difference with itself is nothing", () => {
  const x = plus(times(variable("a", 6), 3), mod(variable("c", 12), 5));
  assert.equal(minus(x, x), int(0));
});

Deno.test("taking an index apart and putting it together gives the index itself", () => {
  const flat = variable("flat", 2 * 3 * 4 * 5);
  const shape = [2, 3, 4, 5];
  assert.equal(flatIndex(shape, indexAt(shape, flat)), flat);
  // A reshape that splits and joins axes.
  assert.equal(flatIndex([6, 20], indexAt([6, 20], flatIndex(shape, indexAt(shape, flat)))), flat);
});

Deno.test("a reshape that leaves groups of axes whole needs no division", () => {
  const [n, c, h, w] = [
    variable("n", 2),
    variable("c", 6),
    variable("h", 4),
    variable("w", 5),
  ] as const;
  const index = indexAt([2, 6, 20], flatIndex([2, 6, 4, 5], [n, c, h, w]));
  assert.deepEqual(index, [n, c, plus(times(h, 5), w)]);
});
