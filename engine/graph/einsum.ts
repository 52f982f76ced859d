/** Einstein's sums, as matrix products. */
import { binary } from "./arithmetic.ts";
import type { GraphBuilder } from "./builder.ts";
import { matMul } from "./matmul.ts";
import { reshape, transpose } from "./movement.ts";
import { reduce } from "./reduction.ts";
import { sizeOf, type Value } from "./value.ts";

/** A value whose axes have names. */
interface Labelled {
  readonly value: Value;
  readonly axes: readonly number[];
}

/**
 * The product of all values, multiplied where they have axes of the same name, and summed over the
 * names that the result lacks.
 *
 * @param names The axes' names for each value.
 * @param rank The names from 0 to rank − 1 are the axes of the result, in order.
 */
export function einsum(
  b: GraphBuilder,
  values: readonly Value[],
  names: readonly (readonly number[])[],
  rank: number,
): Value {
  const labelled = values.map((value, i) => ({ value, axes: names[i]! }));
  const product = labelled.reduce((left, right, i) => {
    const later = labelled.slice(i + 1).flatMap(({ axes }) => axes);
    const wanted = (axis: number) => axis < rank || later.includes(axis);
    return multiply(b, left, right, wanted);
  });
  const { value, axes } = summed(b, product, (axis) => axis < rank);
  const result = Array.from({ length: rank }, (_, axis) => axis);
  return transpose(b, value, result.map((axis) => axes.indexOf(axis)));
}

/** `x` without the axes that are not wanted. */
function summed(
  b: GraphBuilder,
  { value, axes }: Labelled,
  wanted: (axis: number) => boolean,
): Labelled {
  const over = axes.flatMap((axis, i) => wanted(axis) ? [] : [i]);
  if (over.length === 0) return { value, axes };
  return { value: reduce(b, "ReduceSum", value, over, false), axes: axes.filter(wanted) };
}

function multiply(
  b: GraphBuilder,
  x: Labelled,
  y: Labelled,
  wanted: (axis: number) => boolean,
): Labelled {
  const [left, right] = [
    summed(b, x, (axis) => wanted(axis) || y.axes.includes(axis)),
    summed(b, y, (axis) => wanted(axis) || x.axes.includes(axis)),
  ];
  const shared = left.axes.filter((axis) => right.axes.includes(axis));
  const batch = shared.filter(wanted);
  const inner = shared.filter((axis) => !wanted(axis));
  const rows = left.axes.filter((axis) => !shared.includes(axis));
  const columns = right.axes.filter((axis) => !shared.includes(axis));
  const extentOf = (axis: number) => {
    const { value, axes } = left.axes.includes(axis) ? left : right;
    return value.shape[axes.indexOf(axis)]!;
  };
  const extents = (axes: readonly number[]) => axes.map(extentOf);
  const arranged = ({ value, axes }: Labelled, ...groups: readonly (readonly number[])[]) => {
    const turned = transpose(b, value, groups.flat().map((axis) => axes.indexOf(axis)));
    const [, ...matrix] = groups;
    return reshape(b, turned, [
      ...extents(batch),
      ...matrix.map((group) => sizeOf(extents(group))),
    ]);
  };
  const axes = [...batch, ...rows, ...columns];
  const product = inner.length === 0
    ? binary(
      b,
      "Mul",
      reshape(b, arranged(left, batch, rows), [
        ...extents([...batch, ...rows]),
        ...columns.map(() => 1),
      ]),
      reshape(b, arranged(right, batch, columns), [
        ...extents(batch),
        ...rows.map(() => 1),
        ...extents(columns),
      ]),
    )
    : matMul(
      b,
      arranged(left, batch, rows, inner),
      arranged(right, batch, inner, columns),
      false,
      false,
    );
  return { value: reshape(b, product, extents(axes)), axes };
}
