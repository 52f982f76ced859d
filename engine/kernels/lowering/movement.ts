/** Operators that move elements, as views. https://onnx.ai/onnx/operators/ */
import { type Node, sizeOf } from "../../graph/value.ts";
import { bool, constant, type Expr, int, type ScalarType } from "../expression.ts";
import {
  concat,
  expand,
  gather,
  map,
  type MapTensor,
  reshape,
  slice,
  type Tensor,
  transpose,
  viewAt,
  window,
} from "../tensor.ts";
import { both, div, flatIndex, within } from "../integers.ts";
import { select } from "../scalar.ts";

/** One operator of the graph, with what is known of its result. */
export interface Operator {
  readonly node: Node;
  /** Operands in the node's order; an optional one that is left out is undefined. */
  readonly operands: readonly (Tensor | undefined)[];
  readonly shape: readonly number[];
  readonly dtype: ScalarType;
  /** Whether nothing else uses the first operand, nor what it is a reshape or transposition of. */
  readonly isOnlyUser: boolean;
}

/** How an operator of the graph becomes a tensor, or several where it has several results. */
export type OperatorLowering = (operator: Operator) => Tensor | readonly Tensor[];

export type OperatorTable = Readonly<Record<string, OperatorLowering>>;

/** An operand that must be there. */
export function operand({ operands }: Operator, index: number): Tensor {
  return operands[index]!;
}

/** The numbers of an operand that is a constant, such as axes. */
export function integersOf({ node }: Operator, index: number): number[] {
  return Array.from(node.inputs[index]!.node.data!, Number);
}

/** An attribute that is a number; `fallback` is ONNX's default. */
export function numberAttribute({ node }: Operator, name: string, fallback: number): number {
  const value = (node.attributes[name] ?? fallback) as number | { readonly float: number };
  return typeof value === "number" ? value : value.float;
}

/** An attribute that is a list of numbers. */
export function listAttribute(
  { node }: Operator,
  name: string,
  fallback: readonly number[],
): readonly number[] {
  return (node.attributes[name] ?? fallback) as readonly number[];
}

/** A map of operands that are broadcast to its shape. */
export function broadcastMap(
  operands: readonly Tensor[],
  shape: readonly number[],
  dtype: ScalarType,
  apply: MapTensor["apply"],
): Tensor {
  return map(operands.map((x) => expand(x, shape)), shape, dtype, apply);
}

export const movementOperators: OperatorTable = {
  Reshape: (operator) => reshape(operand(operator, 0), operator.shape),
  Expand: (operator) => expand(operand(operator, 0), operator.shape),
  Transpose: (operator) => transpose(operand(operator, 0), listAttribute(operator, "perm", [])),
  Slice: (operator) => {
    const x = operand(operator, 0);
    const [begin, axes] = [integersOf(operator, 1), integersOf(operator, 3)];
    const strides = operator.node.inputs[4] ? integersOf(operator, 4) : axes.map(() => 1);
    const spread = (values: readonly number[], fallback: number) =>
      x.shape.map((_, axis) => axes.includes(axis) ? values[axes.indexOf(axis)]! : fallback);
    return slice(x, spread(begin, 0), spread(strides, 1), operator.shape);
  },
  Pad: (operator) => {
    const x = operand(operator, 0);
    const pads = integersOf(operator, 1);
    const before = pads.slice(0, x.shape.length);
    const padded = window(x, before.map((n) => -n), operator.shape);
    const [value = 0] = operator.node.inputs[2] ? integersOf(operator, 2) : [];
    return value === 0 ? padded : filledAround(padded, x.shape, before, value);
  },
  Concat: (operator) =>
    concat(
      operator.operands.map((_, i) => operand(operator, i)),
      numberAttribute(operator, "axis", 0),
    ),
  Gather: (operator) =>
    gather(operand(operator, 0), operand(operator, 1), numberAttribute(operator, "axis", 0)),
  // Places of as many axes as the last axis of the second operand is long.
  GatherND: (operator) => {
    const [x, places] = [operand(operator, 0), operand(operator, 1)];
    const count = places.shape.at(-1)!;
    const outer = places.shape.slice(0, -1);
    const parts = Array.from(
      { length: count },
      (_, i) => viewAt(places, outer, (index) => [...index, int(i)]),
    );
    const flat = map(parts, outer, "int32", (values) => flatIndex(x.shape.slice(0, count), values));
    const rows = reshape(x, [sizeOf(x.shape.slice(0, count)), ...x.shape.slice(count)]);
    return gather(rows, flat, 0);
  },
  // Nearest neighbours by whole factors: that is all that the graph has.
  Resize: (operator) => {
    const x = operand(operator, 0);
    const factors = operator.shape.map((extent, axis) => extent / x.shape[axis]!);
    return viewAt(x, operator.shape, (index) => index.map((i, axis) => div(i, factors[axis]!)));
  },
};

/** `padded` with another number than 0 around the elements of the tensor of shape `inner`. */
function filledAround(
  padded: Tensor,
  inner: readonly number[],
  before: readonly number[],
  value: number,
): Tensor {
  const { shape, dtype } = padded;
  return map([padded], shape, dtype, ([x], index) => {
    const inside = index.map((i, axis) => within(i, before[axis]!, before[axis]! + inner[axis]!))
      .reduce(both, bool(true));
    return select(inside, x!, constant(value, dtype));
  });
}

/** The index along an axis, everywhere. */
export function indexAlong(axis: number, shape: readonly number[]): Tensor {
  return map([], shape, "int32", (_, index: readonly Expr[]) => index[axis] ?? int(0));
}
