/**
 * Arithmetic of axes: permutations, and how the axes of a shape regroup when it is reshaped. It is
 * what lets transpositions and broadcasts drift past other operators (see movement.ts).
 */
import type { Value } from "./value.ts";

/** The axes of one reshape group: `from` axes of the old shape hold the elements of `to` axes of the new. */
interface AxisGroup {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** `perm` such that `inverse(perm)[perm[i]] = i`. */
export function inverse(perm: readonly number[]): number[] {
  const result = new Array<number>(perm.length);
  perm.forEach((axis, i) => result[axis] = i);
  return result;
}

/** The shape that transposing by `perm` gives: axis i of the result is axis `perm[i]` of the operand. */
export function permute<T>(values: readonly T[], perm: readonly number[]): T[] {
  return perm.map((axis) => values[axis]!);
}

export function isIdentity(perm: readonly number[]): boolean {
  return perm.every((axis, i) => axis === i);
}

/** The permutation of a Transpose node; undefined for any other value. */
export function permutationOf(value: Value): readonly number[] | undefined {
  return value.node.op === "Transpose"
    ? value.node.attributes.perm as readonly number[]
    : undefined;
}

/** Shape with ones put in front until it has `rank` axes. */
export function padRank(shape: readonly number[], rank: number): number[] {
  return [...new Array<number>(rank - shape.length).fill(1), ...shape];
}

/** Axis numbers from 0, where negative ones count from the end. */
export function normalizeAxes(axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => axis < 0 ? axis + rank : axis).sort((a, b) => a - b);
}

/**
 * The finest division of a reshape into independent groups of axes with equal element counts.
 * Axes of one element may stand in groups of their own, with nothing on the other side.
 */
export function regroup(from: readonly number[], to: readonly number[]): AxisGroup[] {
  const groups: AxisGroup[] = [];
  let i = 0;
  let j = 0;
  while (i < from.length || j < to.length) {
    const group = { from: [] as number[], to: [] as number[] };
    let a = 1;
    let b = 1;
    if (i < from.length) a *= from[take(group.from, i++)]!;
    if (j < to.length) b *= to[take(group.to, j++)]!;
    while (a !== b) {
      if (a < b) a *= from[take(group.from, i++)]!;
      else b *= to[take(group.to, j++)]!;
    }
    groups.push(group);
  }
  return groups;
}

function take(axes: number[], axis: number): number {
  axes.push(axis);
  return axis;
}

/**
 * How a reshape of a transposed tensor can be done on the tensor itself, before transposing.
 *
 * @param shape Shape before the transposition.
 * @param perm The transposition.
 * @param target Shape wanted after the transposition and the reshape.
 * @returns The shape and permutation to use instead, or undefined if elements really must move.
 */
export function reshapeBeforeTranspose(
  shape: readonly number[],
  perm: readonly number[],
  target: readonly number[],
): { shape: number[]; perm: number[] } | undefined {
  const solid = shape.map((_, axis) => axis).filter((axis) => shape[axis] !== 1);
  const placed = [];
  for (const group of regroup(permute(shape, perm), target)) {
    const positions = group.from.map((axis) => solid.indexOf(perm[axis]!)).filter((p) => p >= 0);
    if (positions.some((p, i) => i > 0 && p !== positions[i - 1]! + 1)) return undefined;
    placed.push({ to: group.to, position: positions[0] ?? Infinity });
  }
  placed.sort((a, b) => a.position < b.position ? -1 : a.position > b.position ? 1 : 0);
  const order = placed.flatMap(({ to }) => to);
  return { shape: permute(target, order), perm: inverse(order) };
}

/**
 * The shape to give the operand of a broadcast so that broadcasting it to `target` equals reshaping
 * the broadcast result; undefined if an axis of `target` mixes broadcast and real elements.
 *
 * @param operand Shape of the operand, padded to the rank of `broadcast`.
 */
export function reshapeBeforeExpand(
  operand: readonly number[],
  broadcast: readonly number[],
  target: readonly number[],
): number[] | undefined {
  const shape = new Array<number>(target.length).fill(1);
  for (const { from, to } of regroup(broadcast, target)) {
    const solid = from.filter((axis) => broadcast[axis] !== 1);
    const real = solid.filter((axis) => operand[axis] !== 1);
    if (real.length === 0) continue;
    if (real.length !== solid.length) return undefined;
    for (const axis of to) shape[axis] = target[axis]!;
  }
  return shape;
}
