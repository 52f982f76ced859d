/** Statements of the kernel language, made short. */
import { type Expr, int, variable } from "../expression.ts";
import { div, less, mod, plus, times } from "../integers.ts";
import { ELEMENT, group, type Kernel, lane, type MapSpace, type Statement } from "../kernel.ts";
import type { Group, Member } from "../group.ts";

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

/** Takes apart a number that counts columns of rows. */
export function split(x: Expr, columns: number): [row: Expr, column: Expr] {
  return [div(x, columns), mod(x, columns)];
}

export function at(row: Expr | number, stride: number, column: Expr | number): Expr {
  return plus(times(typeof row === "number" ? int(row) : row, stride), column);
}

/** The smallest power of two that is no smaller than `n`. */
export function powerOfTwo(n: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(n, 1)));
}

const LANES = 256;
const FEW_LANES = 64;

export type KernelBody = Pick<Kernel, "workgroups" | "lanes" | "shared" | "body">;

/** A store of a member's element; of a sum, of its result. */
export function storeOf(owner: Group, member: Member): Statement {
  const value = member.role === "sum" ? member.variable : owner.value(member)!;
  return { kind: "store", tensor: member.tensor, place: member.place, value };
}

/** One lane for each of `size` elements, which does what `statements` says for its own. */
export function mapKernel(size: number, statements: (element: Expr) => Statement[]): KernelBody {
  const lanes = size > 16 * LANES ? LANES : FEW_LANES;
  const workgroups = Math.ceil(size / lanes);
  const element = at(group(workgroups), lanes, lane(lanes));
  const body = [whenWithin(ELEMENT(size), element, size, statements(ELEMENT(size)))];
  return { workgroups, lanes, shared: [], body };
}

export function emitMap(owner: Group, { size }: MapSpace, kept: readonly Member[]): KernelBody {
  return mapKernel(size, () => kept.map((member) => storeOf(owner, member)));
}
