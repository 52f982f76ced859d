import assert from "node:assert/strict";
import fc from "fast-check";
import { binary } from "../../../engine/graph/arithmetic.ts";
import { expand, fill, GraphBuilder } from "../../../engine/graph/builder.ts";
import * as graph from "../../../engine/graph/movement.ts";
import { reduce } from "../../../engine/graph/reduction.ts";
import { sizeOf, type Value } from "../../../engine/graph/value.ts";
import { compute } from "./compute.ts";
import * as plain from "./plain.ts";

/** The same tensor twice: in the graph, and as plain numbers. */
interface Pair {
  readonly value: Value;
  readonly array: plain.Plain;
}

/** Declares another input of this shape. */
type NewInput = (shape: readonly number[]) => Pair;

/** Numbers that a step may use up to make its choices: `below(n)` is one of 0 … n − 1. */
type Below = (n: number) => number;

type Step = (b: GraphBuilder, x: Pair, below: Below, newInput: NewInput) => Pair;

const MAX_SIZE = 400;

const steps: Readonly<Record<string, Step>> = {
  transpose(b, { value, array }, below) {
    const perm = permutation(value.shape.length, below);
    return { value: graph.transpose(b, value, perm), array: plain.transpose(array, perm) };
  },
  "merge two axes"(b, { value, array }, below) {
    const axis = below(value.shape.length - 1);
    const shape = value.shape.toSpliced(axis, 2, sizeOf(value.shape.slice(axis, axis + 2)));
    return { value: graph.reshape(b, value, shape), array: { ...array, shape } };
  },
  "split an axis"(b, { value, array }, below) {
    const axis = below(value.shape.length);
    const extent = value.shape[axis] ?? 1;
    const divisors = Array.from({ length: extent }, (_, i) => i + 1).filter((d) =>
      extent % d === 0
    );
    const divisor = divisors[below(divisors.length)]!;
    const shape = value.shape.toSpliced(axis, 1, divisor, extent / divisor);
    if (shape.length > 5) return { value, array };
    return { value: graph.reshape(b, value, shape), array: { ...array, shape } };
  },
  broadcast(b, { value, array }, below) {
    const inner = value.shape.map((extent) => extent === 1 ? 1 + below(3) : extent);
    const shape = value.shape.length < 5 && below(2) ? [1 + below(3), ...inner] : inner;
    if (sizeOf(shape) > MAX_SIZE) return { value, array };
    return { value: expand(b, value, shape), array: plain.broadcast(array, shape) };
  },
  slice(b, { value, array }, below) {
    const strides = value.shape.map(() => [1, 1, 2, -1, -2][below(5)]!);
    const size = value.shape.map((extent, axis) =>
      1 + below(Math.ceil(extent / Math.abs(strides[axis]!)))
    );
    const begin = value.shape.map((extent, axis) => {
      const last = (size[axis]! - 1) * Math.abs(strides[axis]!);
      const first = below(extent - last);
      return strides[axis]! < 0 ? first + last : first;
    });
    return {
      value: graph.slice(b, value, begin, size, strides),
      array: plain.slice(array, begin, size, strides),
    };
  },
  pad(b, { value, array }, below) {
    const [before, after] = [0, 1].map(() => value.shape.map(() => Math.max(0, below(4) - 2)));
    const padded = plain.pad(array, before!, after!);
    if (padded.data.length > MAX_SIZE) return { value, array };
    return { value: graph.pad(b, value, before!, after!), array: padded };
  },
  "join with a transposed tensor"(b, x, below, newInput) {
    if (x.array.data.length > MAX_SIZE / 2 || x.value.shape.length === 0) return x;
    const axis = below(x.value.shape.length);
    const other = transposedInput(
      b,
      x.value.shape.with(axis, 1 + below(2)),
      below,
      newInput,
    );
    return {
      value: graph.concat(b, [x.value, other.value], axis),
      array: plain.concat(x.array, other.array, axis),
    };
  },
  "combine with a transposed tensor"(b, x, below, newInput) {
    const shape = x.value.shape.map((extent) => below(3) === 0 ? 1 : extent).slice(below(2));
    const other = transposedInput(b, shape, below, newInput);
    const doubled = binary(b, "Mul", other.value, fill(b, 2, []));
    return {
      value: binary(b, "Sub", x.value, doubled),
      array: plain.combine(x.array, other.array),
    };
  },
  "sum along an axis"(b, { value, array }, below) {
    if (value.shape.length === 0) return { value, array };
    const axis = below(value.shape.length);
    return { value: reduce(b, "ReduceSum", value, [axis], true), array: plain.sum(array, axis) };
  },
};

function permutation(rank: number, below: Below): number[] {
  const left = Array.from({ length: rank }, (_, axis) => axis);
  return Array.from({ length: rank }, () => left.splice(below(left.length), 1)[0]!);
}

/** A new input that is given this shape by a transposition. */
function transposedInput(
  b: GraphBuilder,
  shape: readonly number[],
  below: Below,
  newInput: NewInput,
): Pair {
  const perm = permutation(shape.length, below);
  const before = new Array<number>(shape.length);
  perm.forEach((axis, i) => before[axis] = shape[i]!);
  const input = newInput(before);
  return {
    value: graph.transpose(b, input.value, perm),
    array: plain.transpose(input.array, perm),
  };
}

const program = fc.record({
  shape: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
  steps: fc.array(
    fc.record({
      step: fc.constantFrom(...Object.keys(steps)),
      choices: fc.array(fc.nat({ max: 59 }), { minLength: 16, maxLength: 16 }),
    }),
    { minLength: 1, maxLength: 7 },
  ),
});

Deno.test("whatever drifts past whatever, the graph computes what the steps say", async () => {
  await fc.assert(
    fc.asyncProperty(program, async ({ shape, steps: list }) => {
      const b = new GraphBuilder();
      const arrays: plain.Plain[] = [];
      const newInput: NewInput = (shape) => {
        const array = plain.distinct(shape, 1 + 1000 * arrays.length);
        arrays.push(array);
        return { value: b.input(`x${arrays.length}`, { shape, dtype: "float32" }), array };
      };
      let x = newInput(shape);
      for (const { step, choices } of list) {
        const queue = [...choices];
        const below: Below = (n) => n <= 1 ? 0 : (queue.shift() ?? 0) % n;
        if (step === "merge two axes" && x.value.shape.length < 2) continue;
        x = steps[step]!(b, x, below, newInput);
        assert.deepEqual([...x.value.shape], [...x.array.shape], step);
      }
      const result = await compute(b.finish({ y: x.value }), arrays);
      // Sums of whole numbers this small are exact.
      assert.deepEqual(result.data, x.array.data);
    }),
    { numRuns: 400, seed: 20 },
  );
});
