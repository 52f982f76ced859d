/** Stored tensors that one kernel computes together, and their elements inside it. */
import { type Expr, load, named, variable } from "./expression.ts";
import { flatIndex, indexAt } from "./integers.ts";
import { Evaluation } from "./evaluate.ts";
import {
  contractionExtents,
  contractionIndex,
  ELEMENT,
  KEPT,
  reductionPlace,
  type ReductionSpace,
  type Space,
  type Statement,
  TERM,
} from "./kernel.ts";
import type { StoragePlan } from "./storage.ts";
import type { ContractTensor, ReduceTensor, Tensor } from "./tensor.ts";

/**
 * What a tensor is to its group's space: `sum` is reduced over it, `outer` has one element for each
 * that stays, `full` one for every place.
 */
export type Role = "sum" | "outer" | "full";

export interface Member {
  readonly tensor: Tensor;
  readonly role: Role;
  /** The element that belongs to a place of the space, in the space's variables. */
  readonly index: readonly Expr[];
  /** Where that element lies in memory. */
  readonly place: Expr;
  /** Of a sum: what holds the result once the space has been run over. */
  readonly variable: Expr;
}

/** The variables of a contraction's space. */
export function contractionVariables(tensor: ContractTensor) {
  const { batch, row, column, sum } = contractionExtents(tensor);
  return {
    batch: variable("batch", batch),
    row: variable("row", row),
    column: variable("column", column),
    sum: variable("term", sum),
  };
}

/** The stored tensors of one kernel. They are computed in the order in which they were added. */
export class Group {
  readonly members = new Map<Tensor, Member>();
  /** Every stored tensor that a member reads, members themselves included. */
  readonly reads = new Set<Tensor>();

  constructor(
    readonly space: Space,
    readonly plan: StoragePlan,
  ) {}

  /** The member that a tensor would be with this role and index. */
  memberAt(tensor: Tensor, role: Role, index: readonly Expr[]): Member {
    const place = this.plan.stored.get(tensor)!(index);
    const result = named(`sum${this.members.size}`, tensor.dtype);
    return { tensor, role, index, place, variable: result };
  }

  add(member: Member, reads: Iterable<Tensor>): void {
    this.members.set(member.tensor, member);
    for (const tensor of reads) this.reads.add(tensor);
  }

  /**
   * A member's element, or for a sum a single term of it, in terms of loads and of the group's own
   * sums; undefined if it would need an element of the group that another lane computes.
   */
  value(member: Member): Expr | undefined {
    let elsewhere = false;
    const evaluation = new Evaluation((tensor, index, inside) => {
      const place = this.plan.stored.get(tensor)?.(index);
      if (!place) return undefined;
      const own = this.members.get(tensor);
      if (!own) {
        // A whole of which the group computes a part.
        elsewhere ||= this.plan.parts.get(tensor)?.some((part) => this.members.has(part.tensor)) ??
          false;
        return load(tensor, place, inside);
      }
      if (own.place !== place) {
        elsewhere = true;
        return load(tensor, place, inside);
      }
      return own.role === "sum" ? own.variable : undefined;
    });
    const { tensor, index } = member;
    const value = tensor.kind === "reduce" && member.role === "sum"
      ? evaluation.element(tensor.operand, this.#termIndex(tensor))
      : evaluation.body(tensor, index);
    return elsewhere ? undefined : value;
  }

  /** Stores a member's element; of a sum, its result. */
  store(member: Member): Statement {
    const value = member.role === "sum" ? member.variable : this.value(member)!;
    return { kind: "store", tensor: member.tensor, place: member.place, value };
  }

  /** An operand of the group's contraction at a place of its space. */
  operand(tensor: Tensor, index: readonly Expr[]): Expr {
    return new Evaluation((other, at, inside) => {
      const place = this.plan.stored.get(other)?.(at);
      return place && load(other, place, inside);
    }).element(tensor, index);
  }

  /** The index of the reduction's operand at a place of the space. */
  #termIndex(tensor: ReduceTensor): Expr[] {
    const space = this.space as ReductionSpace;
    const place = reductionPlace(space, KEPT(space.kept), TERM(space.count));
    return indexAt(tensor.operand.shape, place);
  }

  /** Position, in row-major order, of the elements that a role has in the space. */
  position(role: Role): Expr {
    const { space } = this;
    switch (space.kind) {
      case "map":
        return ELEMENT(space.size);
      case "reduction":
        return role === "full"
          ? reductionPlace(space, KEPT(space.kept), TERM(space.count))
          : KEPT(space.kept);
      case "contraction": {
        const index = contractionIndex(space.tensor, contractionVariables(space.tensor));
        const { roles } = space.tensor;
        return flatIndex(
          space.tensor.shape,
          index.filter((_, axis) => roles[axis] !== "sum"),
        );
      }
    }
  }
}
