import type { Expr } from "../expression.ts";
import type { Group, Member } from "../group.ts";
import { group, type Kernel, lane, type Statement } from "../kernel.ts";
import { ELEMENT, type MapSpace } from "../space.ts";
import { at, whenWithin } from "./statements.ts";

const LANES = 256;
const FEW_LANES = 64;

export type KernelBody = Pick<Kernel, "workgroups" | "lanes" | "shared" | "body">;

/** A store of a member's element. */
export function storeOf(owner: Group, member: Member): Statement {
  const value = owner.value(member);
  if (!value) throw new Error("Internal: a member that needs another lane's element");
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
