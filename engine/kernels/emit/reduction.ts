/** Reductions, what is computed from their results, and rows that are run over more than once. */
import {
  constant,
  type Expr,
  int,
  named,
  type ScalarType,
  shared,
  subexpressions,
} from "../expression.ts";
import type { Group, Member } from "../group.ts";
import { at, both, equal, less, split } from "../integers.ts";
import {
  accumulator,
  barrier,
  bind,
  group,
  KEPT,
  type KernelBody,
  lane,
  loop,
  type ReductionSpace,
  share,
  type SharedArray,
  type Statement,
  TERM,
  update,
  when,
  whenWithin,
} from "../kernel.ts";
import { binary } from "../scalar.ts";
import type { ReduceOp, ReduceTensor } from "../tensor.ts";

/** How a workgroup's lanes share its elements: `across` elements side by side, `along` lanes to each. */
interface Lanes {
  readonly across: number;
  readonly along: number;
  /** Whether neighbouring lanes take neighbouring elements, rather than terms of one. */
  readonly acrossFirst: boolean;
}

const MOST_LANES = 256;

/** The smallest power of two that is no smaller than `n`. */
function powerOfTwo(n: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(n, 1)));
}

function lanesFor({ kept, count, reduced }: ReductionSpace): Lanes {
  const columns = reduced.at(-1) === false;
  if (count <= 16) return { across: 64, along: 1, acrossFirst: true };
  if (columns) {
    const across = Math.min(32, powerOfTwo(kept));
    const along = Math.min(MOST_LANES / across, powerOfTwo(count / 4));
    return { across, along, acrossFirst: true };
  }
  const along = Math.min(MOST_LANES, Math.max(8, powerOfTwo(count / 8)));
  return { across: Math.max(1, 64 / along), along, acrossFirst: false };
}

export function emitReduction(
  owner: Group,
  space: ReductionSpace,
  kept: readonly Member[],
): KernelBody {
  const { across, along, acrossFirst } = lanesFor(space);
  const lanes = across * along;
  const workgroups = Math.ceil(space.kept / across);
  const own = lane(lanes);
  const [slow, fast] = split(own, acrossFirst ? across : along);
  const [w, l] = acrossFirst ? [fast, slow] : [slow, fast];
  const raw = at(group(workgroups), across, w);
  // Lanes beyond the last element do its work again, and store nothing.
  const here = less(raw, space.kept);
  const last = int(space.kept - 1);
  const element = raw.max < space.kept ? raw : binary("minimum", raw, last);

  const sums = [...owner.members.values()].filter(({ role }) => role === "sum");
  const arrays: SharedArray[] = along === 1 ? [] : sums.map(({ variable, tensor }) => ({
    name: `shared_${variable.name}`,
    dtype: tensor.dtype,
    length: lanes,
  }));
  const overTerms = (statements: Statement[]) =>
    loop("round", Math.ceil(space.count / along), (round) => [
      whenWithin(TERM(space.count), at(round, along, l), space.count, statements),
    ]);
  const slot = (place: Expr) => at(w, along, place);
  const body: Statement[] = [bind(KEPT(space.kept), element)];
  for (const level of byLevel(owner, sums)) {
    body.push(...level.map((sum) => accumulator(partial(sum), identity(sum))));
    body.push(overTerms(level.map((sum) => update(partial(sum), step(owner, sum)))));
    if (along === 1) {
      body.push(...level.map((sum) => bind(sum.variable, partial(sum))));
      continue;
    }
    body.push(...level.map((sum) => share(arrayOf(sum), slot(l), partial(sum))), barrier);
    for (let half = along / 2; half >= 1; half /= 2) {
      const join = level.map((sum) => {
        const element = (place: Expr) => shared(arrayOf(sum), slot(place), sum.tensor.dtype);
        const joined = binary(opOf(sum), element(l), element(at(1, half, l)));
        return share(arrayOf(sum), slot(l), joined);
      });
      body.push(when(less(l, half), join), barrier);
    }
    body.push(
      ...level.map((sum) =>
        bind(sum.variable, shared(arrayOf(sum), slot(int(0)), sum.tensor.dtype))
      ),
    );
  }
  const once = kept.filter(({ role }) => role !== "full").map((member) => owner.store(member));
  if (once.length > 0) body.push(when(both(here, equal(l, 0)), once));
  const full = kept.filter(({ role }) => role === "full").map((member) => owner.store(member));
  if (full.length > 0) body.push(overTerms([when(here, full)]));
  return { workgroups, lanes, shared: arrays, body };
}

function partial({ variable }: Member): Expr {
  return named(`partial_${variable.name}`, variable.dtype);
}

function arrayOf({ variable }: Member): string {
  return `shared_${variable.name}`;
}

function step(owner: Group, sum: Member): Expr {
  return binary(opOf(sum), partial(sum), owner.value(sum)!);
}

/** The operation of a sum, whose tensor is a reduction. */
function opOf({ tensor }: Member): ReduceOp {
  return (tensor as ReduceTensor).op;
}

/** What changes nothing. */
function identity(sum: Member): Expr {
  const extreme: Record<ScalarType, number> = { float32: Infinity, int32: 2 ** 31 - 1, bool: 1 };
  const { dtype } = sum.tensor;
  switch (opOf(sum)) {
    case "add":
      return constant(0, dtype);
    case "multiply":
      return constant(1, dtype);
    case "minimum":
      return constant(extreme[dtype], dtype);
    case "maximum":
      return constant(dtype === "int32" ? -(2 ** 31) : -extreme[dtype], dtype);
  }
}

/** Sums in the order in which their space must be run over: those after others that they need. */
function byLevel(owner: Group, sums: readonly Member[]): Member[][] {
  const levels: Member[][] = [];
  const levelOf = new Map<Expr, number>();
  for (const sum of sums) {
    const below = [...subexpressions([owner.value(sum)!])].map((expr) => levelOf.get(expr) ?? -1);
    const level = below.reduce((x, y) => Math.max(x, y), -1) + 1;
    levelOf.set(sum.variable, level);
    (levels[level] ??= []).push(sum);
  }
  return levels;
}
