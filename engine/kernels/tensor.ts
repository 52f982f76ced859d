/**
 * A program as tensors that say what their elements are. There are few kinds: whatever moves
 * elements is a view, whatever computes element by element a map, and everything that adds up is a
 * reduction, or a contraction where it is a sum of products. Which of them get memory, and which
 * live only inside a kernel, is decided later (see storage.ts).
 */
import type { ConstantData } from "../graph/value.ts";
import { bool, type Expr, int, type ScalarType } from "./expression.ts";
import { both, flatIndex, indexAt, plus, times, within } from "./integers.ts";

export type ReduceOp = "add" | "multiply" | "maximum" | "minimum";

/** What an axis of a contraction is: of both operands and the result, of one, or summed over. */
export type AxisRole = "batch" | "row" | "column" | "sum";

interface Base {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: ScalarType;
}

/** Data from outside: an input by name, or a constant. */
export interface SourceTensor extends Base {
  readonly kind: "source";
  readonly name: string;
  readonly data: ConstantData | undefined;
}

/** Each element from the operands' elements at the same place; they all have the map's shape. */
export interface MapTensor extends Base {
  readonly kind: "map";
  readonly operands: readonly Tensor[];
  readonly apply: (operands: readonly Expr[], index: readonly Expr[]) => Expr;
}

/** Where a view takes an element from; `inside` fails where it has none. */
export interface Place {
  readonly index: readonly Expr[];
  readonly inside: Expr;
}

/** Elements of the operand at other places. */
interface ViewTensor extends Base {
  readonly kind: "view";
  readonly operand: Tensor;
  readonly at: (index: readonly Expr[]) => Place;
  /** The other way round, where every element of the operand occurs exactly once. */
  readonly inverse: ((index: readonly Expr[]) => readonly Expr[]) | undefined;
}

/** The operands one after the other along an axis. */
export interface ConcatTensor extends Base {
  readonly kind: "concat";
  readonly operands: readonly Tensor[];
  readonly axis: number;
}

/** Elements of the first operand at the places along an axis that the second, of integers, names. */
export interface GatherTensor extends Base {
  readonly kind: "gather";
  readonly operands: readonly [Tensor, Tensor];
  readonly axis: number;
}

/** The operand without the axes that it is reduced over. */
export interface ReduceTensor extends Base {
  readonly kind: "reduce";
  readonly op: ReduceOp;
  readonly operand: Tensor;
  readonly axes: readonly number[];
}

/**
 * Σ left · right over the axes of role "sum". Both operands have the shape of the whole iteration
 * space, but `left` is the same along columns and `right` along rows.
 */
export interface ContractTensor extends Base {
  readonly kind: "contract";
  readonly left: Tensor;
  readonly right: Tensor;
  readonly roles: readonly AxisRole[];
}

export type Tensor =
  | SourceTensor
  | MapTensor
  | ViewTensor
  | ConcatTensor
  | GatherTensor
  | ReduceTensor
  | ContractTensor;

/** The tensors that a tensor is computed from. */
export function operandsOf(tensor: Tensor): readonly Tensor[] {
  switch (tensor.kind) {
    case "source":
      return [];
    case "view":
    case "reduce":
      return [tensor.operand];
    case "contract":
      return [tensor.left, tensor.right];
    default:
      return tensor.operands;
  }
}

let nextId = 0;

export function source(
  name: string,
  shape: readonly number[],
  dtype: ScalarType,
  data?: ConstantData,
): SourceTensor {
  return { kind: "source", id: nextId++, name, shape, dtype, data };
}

/** A map of operands that have its shape. */
export function map(
  operands: readonly Tensor[],
  shape: readonly number[],
  dtype: ScalarType,
  apply: MapTensor["apply"],
): Tensor {
  return { kind: "map", id: nextId++, operands, shape, dtype, apply };
}

/** One number everywhere. */
export function fill(value: Expr, shape: readonly number[]): Tensor {
  return map([], shape, value.dtype, () => value);
}

export function view(
  operand: Tensor,
  shape: readonly number[],
  at: ViewTensor["at"],
  inverse?: ViewTensor["inverse"],
): Tensor {
  return { kind: "view", id: nextId++, operand, shape, dtype: operand.dtype, at, inverse };
}

/** A view of which every element is inside. */
export function viewAt(
  operand: Tensor,
  shape: readonly number[],
  at: (index: readonly Expr[]) => readonly Expr[],
  inverse?: ViewTensor["inverse"],
): Tensor {
  return view(operand, shape, (index) => ({ index: at(index), inside: bool(true) }), inverse);
}

export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  if (x.shape.join() === shape.join()) return x;
  const through = (from: readonly number[], to: readonly number[]) => (index: readonly Expr[]) =>
    indexAt(to, flatIndex(from, index));
  return viewAt(x, shape, through(shape, x.shape), through(x.shape, shape));
}

/** Axis i of the result is axis `perm[i]` of `x`. */
export function transpose(x: Tensor, perm: readonly number[]): Tensor {
  const shape = perm.map((axis) => x.shape[axis]!);
  return viewAt(
    x,
    shape,
    (index) => x.shape.map((_, axis) => index[perm.indexOf(axis)]!),
    (index) => perm.map((axis) => index[axis]!),
  );
}

/** NumPy's broadcast to `shape`. */
export function expand(x: Tensor, shape: readonly number[]): Tensor {
  if (x.shape.join() === shape.join()) return x;
  const missing = shape.length - x.shape.length;
  return viewAt(
    x,
    shape,
    (index) => x.shape.map((extent, axis) => extent === 1 ? int(0) : index[missing + axis]!),
  );
}

/** `x` with `before` elements less or, where negative, more in front, and zeros where it has none. */
export function window(x: Tensor, before: readonly number[], shape: readonly number[]): Tensor {
  return view(x, shape, (index) => {
    const at = index.map((i, axis) => plus(i, before[axis]!));
    const inside = at.map((i, axis) => within(i, 0, x.shape[axis]!)).reduce(both, bool(true));
    return { index: at, inside };
  });
}

/** The part of `x` from `begin` on, every `strides[axis]`-th element. */
export function slice(
  x: Tensor,
  begin: readonly number[],
  strides: readonly number[],
  shape: readonly number[],
): Tensor {
  return viewAt(
    x,
    shape,
    (index) => index.map((i, axis) => plus(times(i, strides[axis]!), begin[axis]!)),
  );
}

export function concat(operands: readonly Tensor[], axis: number): Tensor {
  const first = operands[0]!;
  const extent = operands.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  const shape = first.shape.with(axis, extent);
  return { kind: "concat", id: nextId++, operands, axis, shape, dtype: first.dtype };
}

export function gather(x: Tensor, indices: Tensor, axis: number): Tensor {
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return { kind: "gather", id: nextId++, operands: [x, indices], axis, shape, dtype: x.dtype };
}

export function reduce(op: ReduceOp, operand: Tensor, axes: readonly number[]): Tensor {
  const shape = operand.shape.filter((_, axis) => !axes.includes(axis));
  if (axes.every((axis) => operand.shape[axis] === 1)) return reshape(operand, shape);
  return { kind: "reduce", id: nextId++, op, operand, axes, shape, dtype: operand.dtype };
}

export function contract(left: Tensor, right: Tensor, roles: readonly AxisRole[]): Tensor {
  const shape = left.shape.filter((_, axis) => roles[axis] !== "sum");
  return { kind: "contract", id: nextId++, left, right, roles, shape, dtype: left.dtype };
}
