/** Which stored tensors are computed by one kernel. */
import { operandsFirst, sizeOf } from "../graph/value.ts";
import { type Expr, load, variable } from "./expression.ts";
import { indexAt } from "./integers.ts";
import { Evaluation } from "./evaluate.ts";
import { Group, type Member, type Role } from "./group.ts";
import { contractionExtents, reductionSpace, type Space, spaceKey } from "./kernel.ts";
import type { StoragePlan } from "./storage.ts";
import type { Tensor } from "./tensor.ts";

/** Groups with fewer elements than this are joined even if they have nothing in common. */
const SMALL = 2 ** 16;
/** Members of a kernel; more would take more registers than a lane has. */
const MOST_MEMBERS = 8;

/**
 * Groups of stored tensors, in an order in which they can be run. Each tensor joins the group of one
 * it is computed from, where its elements are computed from that group's at the same place; or else
 * a group over the same space that reads the same memory.
 */
export function fuse(plan: StoragePlan): Group[] {
  const { stored, parts } = plan;
  const groups: Group[] = [];
  const groupOf = new Map<Tensor, Group>();
  for (const tensor of stored.keys()) {
    if (tensor.kind === "source" || parts.has(tensor)) continue;
    const reads = readsOf(tensor, plan);
    for (const whole of reads) for (const part of parts.get(whole) ?? []) reads.add(part.tensor);
    const candidates = candidatesFor(tensor, reads, groups, groupOf);
    const joined = candidates.find((group) => {
      if (group.members.size >= MOST_MEMBERS || wouldCycle(group, reads, groupOf)) return false;
      const member = memberOf(tensor, group);
      if (member) group.add(member, reads);
      return member !== undefined;
    });
    const taken = joined ? undefined : absorbing(tensor, reads, groupOf, plan);
    if (taken) {
      groups[groups.indexOf(taken.absorbed)] = taken.group;
      for (const member of taken.absorbed.members.keys()) groupOf.set(member, taken.group);
    }
    const group = joined ?? taken?.group ??
      startGroup(tensor, reads, new Group(spaceOf(tensor), plan));
    if (!joined && !taken) groups.push(group);
    groupOf.set(tensor, group);
  }
  // Groups after those that they read from, otherwise as they were.
  return operandsFirst(
    groups,
    (group) => [...group.reads].flatMap((tensor) => groupOf.get(tensor) ?? []),
  );
}

/** A tensor whose elements are loaded to compute those of another. */
function readsOf(tensor: Tensor, { stored }: StoragePlan): Set<Tensor> {
  const reads = new Set<Tensor>();
  const evaluation = new Evaluation((other, index, inside) => {
    const place = stored.get(other)?.(index);
    if (!place) return undefined;
    reads.add(other);
    return load(other, place, inside);
  });
  switch (tensor.kind) {
    case "reduce":
      evaluation.element(tensor.operand, anyIndex(tensor.operand));
      break;
    case "contract":
      evaluation.element(tensor.left, anyIndex(tensor.left));
      evaluation.element(tensor.right, anyIndex(tensor.right));
      break;
    default:
      evaluation.body(tensor, anyIndex(tensor));
  }
  return reads;
}

function anyIndex({ shape }: Tensor): Expr[] {
  return shape.map((extent, axis) => variable(`axis${axis}`, extent));
}

/** Groups worth joining: those that are read from, the latest first, then those beside. */
function candidatesFor(
  tensor: Tensor,
  reads: ReadonlySet<Tensor>,
  groups: readonly Group[],
  groupOf: ReadonlyMap<Tensor, Group>,
): Group[] {
  if (tensor.kind === "contract") return [];
  const readFrom = new Set([...reads].map((other) => groupOf.get(other)));
  const key = spaceKey(spaceOf(tensor));
  const size = tensor.kind === "reduce" ? sizeOf(tensor.operand.shape) : sizeOf(tensor.shape);
  const beside = groups.filter((group) =>
    !readFrom.has(group) && spaceKey(group.space) === key &&
    (size <= SMALL || [...reads].every((other) => group.reads.has(other)) ||
      [...reads].some((other) => group.reads.has(other) && sizeOf(other.shape) > SMALL / 4))
  );
  const from = groups.filter((group) => readFrom.has(group) && !hasSiblings(group, tensor, reads));
  return [...from.reverse(), ...beside.reverse()];
}

/**
 * Whether something reads several other products, or sums, of the same extents beside a group's own,
 * as a sum of them does. Where it is computed by none of them, all are the same kernel and one launch.
 */
function hasSiblings({ space, members }: Group, tensor: Tensor, reads: ReadonlySet<Tensor>) {
  const extents = (other: Tensor) =>
    other.kind === "contract"
      ? Object.values(contractionExtents(other)).join()
      : other.kind === "reduce" && sizeOf(other.shape) === sizeOf(tensor.shape)
      ? spaceKey(reductionSpace(other))
      : undefined;
  const own = space.kind === "contraction" ? extents(space.tensor) : spaceKey(space);
  const siblings = [...reads].filter((other) => !members.has(other) && extents(other) === own);
  return siblings.length > 1;
}

/**
 * The group of a reduction that also computes what another group would compute for it, element by
 * element; undefined if there is none that can be.
 */
function absorbing(
  tensor: Tensor,
  reads: ReadonlySet<Tensor>,
  groupOf: ReadonlyMap<Tensor, Group>,
  plan: StoragePlan,
): { readonly group: Group; readonly absorbed: Group } | undefined {
  const space = spaceOf(tensor);
  if (space.kind !== "reduction" || !keepsLanesBusy(space)) return undefined;
  for (const absorbed of new Set([...reads].map((other) => groupOf.get(other)))) {
    if (
      absorbed?.space.kind !== "map" || absorbed.space.size !== space.kept * space.count ||
      absorbed.members.size >= MOST_MEMBERS || wouldCycle(absorbed, reads, groupOf)
    ) continue;
    const group = new Group(space, plan);
    for (const { tensor } of absorbed.members.values()) {
      group.add(group.memberAt(tensor, "full", ownIndex(tensor, group, "full")), absorbed.reads);
    }
    startGroup(tensor, reads, group);
    if ([...group.members.values()].every((member) => group.value(member) !== undefined)) {
      return { group, absorbed };
    }
  }
  return undefined;
}

function spaceOf(tensor: Tensor): Space {
  switch (tensor.kind) {
    case "reduce":
      return reductionSpace(tensor);
    case "contract":
      return { kind: "contraction", tensor };
    default:
      return { kind: "map", size: sizeOf(tensor.shape) };
  }
}

function startGroup(tensor: Tensor, reads: Iterable<Tensor>, group: Group): Group {
  const role = tensor.kind === "reduce" || tensor.kind === "contract" ? "sum" : "full";
  group.add(group.memberAt(tensor, role, ownIndex(tensor, group, role)), reads);
  return group;
}

function ownIndex({ shape }: Tensor, group: Group, role: Role): Expr[] {
  return indexAt(shape, group.position(role));
}

/** The member that a tensor can be of a group; undefined if it does not fit. */
function memberOf(tensor: Tensor, group: Group): Member | undefined {
  const role = roleIn(tensor, group);
  if (!role) return undefined;
  const indices = [ownIndex(tensor, group, role)];
  if (role !== "sum") {
    for (const member of group.members.values()) {
      const index = indexFrom(tensor, member);
      if (index) indices.unshift([...index]);
    }
  }
  return indices.map((index) => group.memberAt(tensor, role, index))
    .find((member) => group.value(member) !== undefined);
}

function roleIn(tensor: Tensor, { space }: Group): Role | undefined {
  const size = sizeOf(tensor.shape);
  switch (space.kind) {
    case "map":
      return tensor.kind !== "reduce" && size === space.size ? "full" : undefined;
    case "contraction":
      return tensor.kind !== "reduce" && size === sizeOf(space.tensor.shape) ? "full" : undefined;
    case "reduction":
      if (tensor.kind === "reduce") {
        return spaceKey(reductionSpace(tensor)) === spaceKey(space) ? "sum" : undefined;
      }
      if (size === space.kept) return "outer";
      return size === space.kept * space.count && keepsLanesBusy(space) ? "full" : undefined;
  }
}

/** Whether a reduction has enough to do at once to write all elements of its operand too. */
function keepsLanesBusy({ kept, count, reduced }: Extract<Space, { kind: "reduction" }>): boolean {
  return reduced.at(-1) === true && (kept >= 64 || kept * count <= SMALL);
}

/**
 * The element of `tensor` that is computed from a member's element, found along maps and views that
 * can be turned round; undefined if there is no such way.
 */
function indexFrom(
  tensor: Tensor,
  member: Member,
  seen: Set<Tensor> = new Set(),
): readonly Expr[] | undefined {
  if (tensor === member.tensor) return member.index;
  if (seen.has(tensor) || sizeOf(tensor.shape) !== sizeOf(member.tensor.shape)) return undefined;
  seen.add(tensor);
  switch (tensor.kind) {
    case "map":
      for (const operand of tensor.operands) {
        const index = indexFrom(operand, member, seen);
        if (index) return index;
      }
      return undefined;
    case "view": {
      const inner = tensor.inverse && indexFrom(tensor.operand, member, seen);
      return inner && tensor.inverse!(inner);
    }
    default:
      return undefined;
  }
}

/** Whether a group would need a result of a group that needs it. */
function wouldCycle(
  group: Group,
  reads: ReadonlySet<Tensor>,
  groupOf: ReadonlyMap<Tensor, Group>,
): boolean {
  const visited = new Set<Group>([group]);
  const stack = [...reads].flatMap((tensor) => groupOf.get(tensor) ?? [])
    .filter((other) => other !== group);
  while (stack.length > 0) {
    const next = stack.pop()!;
    if (visited.has(next)) continue;
    visited.add(next);
    for (const tensor of next.reads) {
      const other = groupOf.get(tensor);
      if (other === group) return true;
      if (other) stack.push(other);
    }
  }
  return false;
}
