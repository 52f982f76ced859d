/**
 * The kernel language. A kernel is run by a number of workgroups, each of so many lanes, which run
 * its statements together: they share memory, and wait for each other at barriers. There are no
 * atomic operations and every sum has a fixed order, so a kernel gives the same bits every time.
 * An iteration space is what the lanes run over, and which element of a tensor is theirs.
 */
import { type Expr, type ScalarType, subexpressions, variable } from "./expression.ts";
import type { AxisRole, ContractTensor, ReduceTensor, Tensor } from "./tensor.ts";
import { sizeOf } from "../graph/value.ts";
import { flatIndex, indexAt, less } from "./integers.ts";

/** Number of the workgroup, and of the lane in it: bound by the device. */
export const group = (workgroups: number) => variable("group", workgroups);
export const lane = (lanes: number) => variable("lane", lanes);

export type Statement =
  /** A name for a value, until the end of the block. */
  | { readonly kind: "let"; readonly variable: Expr; readonly value: Expr }
  /** A number that changes: it may be read where no statement of the same block changes it. */
  | { readonly kind: "accumulator"; readonly variable: Expr; readonly initial: Expr }
  /** variable ← value, in terms of the variable itself. */
  | { readonly kind: "update"; readonly variable: Expr; readonly value: Expr }
  /** variable ← left · right + variable, rounded once where the device can. */
  | {
    readonly kind: "multiplyAdd";
    readonly variable: Expr;
    readonly left: Expr;
    readonly right: Expr;
  }
  /**
   * sums ← left · right + sums, matrices of 16 by 8, 16 by 8 and 8 by 8 numbers that every 32 lanes
   * hold together: four, four and two numbers each, as PTX's mma.m16n8k8 has them. All lanes come by
   * it. `left` and `right` are the bits of tf32.
   */
  | {
    readonly kind: "multiplyMatrices";
    readonly sums: readonly Expr[];
    readonly left: readonly Expr[];
    readonly right: readonly Expr[];
  }
  | { readonly kind: "store"; readonly tensor: Tensor; readonly place: Expr; readonly value: Expr }
  | { readonly kind: "share"; readonly array: string; readonly place: Expr; readonly value: Expr }
  | { readonly kind: "barrier" }
  /** For variable = 0 … count − 1; all lanes together. */
  | {
    readonly kind: "loop";
    readonly variable: Expr;
    readonly count: number;
    readonly body: readonly Statement[];
  }
  /** Lanes for which the condition fails skip the body, which has no barrier. */
  | { readonly kind: "if"; readonly condition: Expr; readonly body: readonly Statement[] };

export function bind(variable: Expr, value: Expr): Statement {
  return { kind: "let", variable, value };
}

export function accumulator(variable: Expr, initial: Expr): Statement {
  return { kind: "accumulator", variable, initial };
}

export function update(variable: Expr, value: Expr): Statement {
  return { kind: "update", variable, value };
}

export function share(array: string, place: Expr, value: Expr): Statement {
  return { kind: "share", array, place, value };
}

export const barrier: Statement = { kind: "barrier" };

export function loop(name: string, count: number, body: (i: Expr) => Statement[]): Statement {
  const counter = variable(name, count);
  return { kind: "loop", variable: counter, count, body: body(counter) };
}

/** A block of its own, run where the condition holds. */
export function when(condition: Expr, body: readonly Statement[]): Statement {
  return { kind: "if", condition, body };
}

/** Binds a variable of `extent` values to `raw` where that is one of them. */
export function whenWithin(bound: Expr, raw: Expr, extent: number, body: Statement[]): Statement {
  return when(less(raw, extent), [bind(bound, raw), ...body]);
}

/** Memory of a workgroup. */
export interface SharedArray {
  readonly name: string;
  readonly dtype: ScalarType;
  readonly length: number;
}

export interface Kernel {
  /** What it does, for people. */
  readonly name: string;
  /** What it reads and writes; no tensor is both. */
  readonly reads: readonly Tensor[];
  readonly writes: readonly Tensor[];
  /** What must have been computed before, because it lies in the memory of something read. */
  readonly after: readonly Tensor[];
  readonly workgroups: number;
  /** Lanes of a workgroup. */
  readonly lanes: number;
  readonly shared: readonly SharedArray[];
  readonly body: readonly Statement[];
}

/** What a kernel does, without what it reads and writes. */
export type KernelBody = Pick<Kernel, "workgroups" | "lanes" | "shared" | "body">;

/** Every expression that a statement itself holds, those of its body left out. */
export function expressionsOf(statement: Statement): readonly Expr[] {
  switch (statement.kind) {
    case "let":
    case "update":
      return [statement.value];
    case "accumulator":
      return [statement.initial];
    case "multiplyAdd":
      return [statement.left, statement.right];
    case "multiplyMatrices":
      return [...statement.left, ...statement.right];
    case "store":
    case "share":
      return [statement.place, statement.value];
    case "if":
      return [statement.condition];
    case "barrier":
    case "loop":
      return [];
  }
}

/** Every statement, those of bodies behind the one whose body it is. */
function everyStatement(body: readonly Statement[]): Statement[] {
  return body.flatMap((statement) => [
    statement,
    ...(statement.kind === "loop" || statement.kind === "if" ? everyStatement(statement.body) : []),
  ]);
}

/** The tensors that statements load from, in the order of their first use. */
export function tensorsRead(body: readonly Statement[]): Set<number> {
  const expressions = subexpressions(everyStatement(body).flatMap(expressionsOf));
  return new Set([...expressions].flatMap(({ memory }) => memory?.id ?? []));
}

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
interface ContractionSpace {
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

/** Rows, or columns, of most tiles of a contraction. */
export const TYPICAL_TILE = 64;

const ROLES: readonly AxisRole[] = ["batch", "row", "column", "sum"];

/** The index of a contraction's operands for a batch, row, column and term. */
export function contractionIndex(
  { left, roles }: ContractTensor,
  variables: Readonly<Record<AxisRole, Expr>>,
): Expr[] {
  const parts = new Map(
    ROLES.map((role) => [role, indexAt(extentsOf(left.shape, roles, role), variables[role])]),
  );
  return roles.map((role) => parts.get(role)!.shift()!);
}

/** How many batches, rows, columns and terms a contraction has. */
export function contractionExtents(
  { left, roles }: Pick<ContractTensor, "left" | "roles">,
): Record<AxisRole, number> {
  return Object.fromEntries(
    ROLES.map((role) => [role, sizeOf(extentsOf(left.shape, roles, role))]),
  ) as Record<AxisRole, number>;
}

function extentsOf(shape: readonly number[], roles: readonly AxisRole[], role: AxisRole): number[] {
  return shape.filter((_, axis) => roles[axis] === role);
}
