/** Iteration spaces: what the lanes of a kernel run over, and which element of a tensor is theirs. */
import { sizeOf } from "../graph/value.ts";
import { type Expr, variable } from "./expression.ts";
import { flatIndex, indexAt } from "./integers.ts";
import type { ContractTensor, ReduceTensor, Tensor } from "./tensor.ts";

/** One lane for each of so many elements. */
export interface MapSpace {
  readonly kind: "map";
  readonly size: number;
}

/** Axes that stay and axes that are reduced over, alternating. */
export interface ReductionSpace {
  readonly kind: "reduction";
  readonly extents: readonly number[];
  readonly reduced: readonly boolean[];
  /** Elements that stay, and elements reduced to each of them. */
  readonly kept: number;
  readonly count: number;
}

/** Tiles of rows by columns. */
export interface ContractionSpace {
  readonly kind: "contraction";
  readonly tensor: ContractTensor;
}

export type Space = MapSpace | ReductionSpace | ContractionSpace;

/** The space of a reduction: neighbouring axes of one kind are one axis. */
export function reductionSpace({ operand, axes }: ReduceTensor): ReductionSpace {
  const extents: number[] = [];
  const reduced: boolean[] = [];
  operand.shape.forEach((extent, axis) => {
    if (extent === 1) return;
    const over = axes.includes(axis);
    if (reduced.at(-1) === over) extents[extents.length - 1]! *= extent;
    else {
      extents.push(extent);
      reduced.push(over);
    }
  });
  const product = (which: boolean) => sizeOf(extents.filter((_, i) => reduced[i] === which));
  return { kind: "reduction", extents, reduced, kept: product(false), count: product(true) };
}

/** Two spaces with the same key have the same elements in the same places. */
export function spaceKey(space: Space): string {
  switch (space.kind) {
    case "map":
      return `map ${space.size}`;
    case "reduction":
      return `reduction ${space.extents.map((n, i) => (space.reduced[i] ? "-" : "+") + n)}`;
    case "contraction":
      return `contraction ${space.tensor.id}`;
  }
}

/** The variables of a space. Those of a contraction are of its batches, rows, columns and terms. */
export const ELEMENT = (size: number) => variable("element", size);
export const KEPT = (count: number) => variable("kept", count);
export const TERM = (count: number) => variable("term", count);

/** The place, in row-major order, of an element of a reduction's operand. */
export function reductionPlace(space: ReductionSpace, kept: Expr, term: Expr): Expr {
  const { extents, reduced } = space;
  const extentsOf = (which: boolean) => extents.filter((_, i) => reduced[i] === which);
  const [stay, over] = [indexAt(extentsOf(false), kept), indexAt(extentsOf(true), term)];
  return flatIndex(extents, extents.map((_, i) => reduced[i] ? over.shift()! : stay.shift()!));
}

/** The index of a contraction's operands for a batch, row, column and term. */
export function contractionIndex(
  { left, roles }: ContractTensor,
  variables: Readonly<Record<"batch" | "row" | "column" | "sum", Expr>>,
): Expr[] {
  const parts = new Map(
    (["batch", "row", "column", "sum"] as const).map((role) => [
      role,
      indexAt(left.shape.filter((_, axis) => roles[axis] === role), variables[role]),
    ]),
  );
  return roles.map((role) => parts.get(role)!.shift()!);
}

/** How many batches, rows, columns and terms a contraction has. */
export function contractionExtents(
  { left, roles }: ContractTensor,
): Record<"batch" | "row" | "column" | "sum", number> {
  const extent = (role: string) => sizeOf(left.shape.filter((_, axis) => roles[axis] === role));
  return {
    batch: extent("batch"),
    row: extent("row"),
    column: extent("column"),
    sum: extent("sum"),
  };
}

export function sizeOfTensor({ shape }: Tensor): number {
  return sizeOf(shape);
}
