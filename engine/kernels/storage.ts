/**
 * Which tensors get memory of their own. The others are computed anew wherever an element of theirs
 * is needed, which is cheaper than a round trip through memory for most of what a network does
 * between two products.
 */
import { mapValues } from "../call.ts";
import { operandsFirst, sizeOf } from "../graph/value.ts";
import type { Expr } from "./expression.ts";
import { flatIndex } from "./integers.ts";
import { contractionExtents, TYPICAL_TILE } from "./kernel.ts";
import { type ConcatTensor, map, operandsOf, type Tensor } from "./tensor.ts";

/** Where in a tensor's memory the element at an index lies. */
type Layout = (index: readonly Expr[]) => Expr;

/** A stretch of another tensor's memory. */
export interface Part {
  readonly tensor: Tensor;
  /** Where it begins, in elements. */
  readonly offset: number;
}

export interface StoragePlan {
  /** The tensors in memory: sources first, then in an order in which they can be computed. */
  readonly stored: ReadonlyMap<Tensor, Layout>;
  /** Tensors that no kernel computes: their parts are computed in their place. */
  readonly parts: ReadonlyMap<Tensor, readonly Part[]>;
  /** Which stored tensor holds each output. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** A reduction over no more elements than this may be written out where it is needed. */
const SHORT_REDUCTION = 8;
/** Operations for one element that are not worth memory. */
const MOST_OPERATIONS = 40;
/** Operations that are computed again rather than stored, for each element. */
const CHEAP = 24;
/** A tensor of no more elements, and operations for each, is computed again wherever it is needed. */
const SMALL_SIZE = 2 ** 16;
const SMALL_OPERATIONS = 10;
/** Operations of a whole tensor that take less time than a kernel takes to start. */
const NEGLIGIBLE = 2 ** 16;

/** A concatenation of fewer tensors is computed element by element. */
const FEWEST_PARTS = 2;

/** Decides on memory for all that the outputs need. */
export function planStorage(results: Readonly<Record<string, Tensor>>): StoragePlan {
  const layouts = new Map<Tensor, Layout>();
  const outputs = mapValues(results, (result) => outputRoot(result, layouts));
  const order = dependenciesFirst(Object.values(outputs));
  turnProducts(order, layouts);
  const reads = countReads(order);
  const stored = new Map<Tensor, Layout>();
  const work = new Map<Tensor, Work>();
  const isOutput = new Set(Object.values(outputs));
  const parts = new Map<Tensor, readonly Part[]>();
  const isPart = new Set<Tensor>(isOutput);
  for (const tensor of order) {
    const own = workOf(tensor, work);
    const keep = tensor.kind === "source" || tensor.kind === "contract" || isOutput.has(tensor) ||
      isWorthMemory(tensor, own, reads.get(tensor) ?? 0);
    if (keep) {
      if (isEndToEnd(tensor)) parts.set(tensor, partsOf(tensor, stored, isPart));
      stored.set(tensor, layouts.get(tensor) ?? rowMajor(tensor.shape));
    }
    work.set(tensor, keep ? { operations: 1, loads: 1 } : own);
  }
  return { stored, parts, outputs };
}

/**
 * The tensor to store for an output. A reshape or transposition of it is a layout of its memory;
 * where it has a layout already, or lies in an input, it is copied.
 */
function outputRoot(result: Tensor, layouts: Map<Tensor, Layout>): Tensor {
  const { root, back } = unturned(result);
  if (root.kind === "source" || root.kind === "view" || layouts.has(root)) {
    const copy = map([result], result.shape, result.dtype, ([x]) => x!);
    layouts.set(copy, rowMajor(result.shape));
    return copy;
  }
  layouts.set(root, rowMajor(result.shape, back));
  return root;
}

/** The layout of a tensor, or of what it is a reshape or transposition of: see {@link unturned}. */
function rowMajor(
  shape: readonly number[],
  back = (index: readonly Expr[]): readonly Expr[] => index,
): Layout {
  return (index) => flatIndex(shape, back(index));
}

/**
 * Lays products out as the one reshape or transposition of theirs that is read, so that whoever
 * reads it finds neighbours beside each other, wherever they came from.
 */
function turnProducts(order: readonly Tensor[], layouts: Map<Tensor, Layout>): void {
  const readers = new Map<Tensor, Tensor[]>();
  for (const tensor of order) {
    for (const operand of operandsOf(tensor)) {
      readers.set(operand, [...readers.get(operand) ?? [], tensor]);
    }
  }
  for (const tensor of order) {
    if (tensor.kind !== "contract" || layouts.has(tensor)) continue;
    let turned: Tensor = tensor;
    for (;;) {
      const [reader, another]: readonly Tensor[] = readers.get(turned) ?? [];
      if (another || reader?.kind !== "view" || !reader.inverse) break;
      turned = reader;
    }
    if (turned === tensor) continue;
    layouts.set(tensor, rowMajor(turned.shape, unturned(turned).back));
  }
}

/** Whether a tensor is many others, one after the other in memory. */
function isEndToEnd(tensor: Tensor): tensor is ConcatTensor {
  return tensor.kind === "concat" && tensor.operands.length >= FEWEST_PARTS &&
    sizeOf(tensor.shape.slice(0, tensor.axis)) === 1;
}

/**
 * What is to be computed into a concatenation's memory: its operands, or what they are reshapes and
 * transpositions of, where that is stored and has no other place; copies otherwise.
 */
function partsOf(
  { operands }: ConcatTensor,
  stored: Map<Tensor, Layout>,
  taken: Set<Tensor>,
): Part[] {
  let next = 0;
  return operands.map((operand) => {
    const offset = next;
    next += sizeOf(operand.shape);
    const { root, back } = unturned(operand);
    const free = stored.has(root) && root.kind !== "source" && !taken.has(root);
    const tensor = free ? root : map([operand], operand.shape, operand.dtype, ([x]) => x!);
    stored.set(tensor, rowMajor(operand.shape, free ? back : undefined));
    taken.add(tensor);
    return { tensor, offset };
  });
}

/** What a tensor is a reshape or transposition of, and the tensor's index for an index of that. */
function unturned(tensor: Tensor) {
  let root = tensor;
  let back = (index: readonly Expr[]): readonly Expr[] => index;
  while (root.kind === "view" && root.inverse) {
    const [inverse, outer] = [root.inverse, back];
    back = (index) => outer(inverse(index));
    root = root.operand;
  }
  return { root, back };
}

/** Every tensor that the given ones need: sources, then operands before what is computed from them. */
function dependenciesFirst(results: readonly Tensor[]): Tensor[] {
  return operandsFirst(results, operandsOf)
    .sort((x, y) => Number(y.kind === "source") - Number(x.kind === "source"));
}

/** How many elements of each tensor are read by those that use it, views seen through. */
function countReads(order: readonly Tensor[]): Map<Tensor, number> {
  const reads = new Map<Tensor, number>();
  const add = (tensor: Tensor, count: number) =>
    reads.set(tensor, (reads.get(tensor) ?? 0) + count);
  for (const tensor of order.toReversed()) {
    const size = sizeOf(tensor.shape);
    switch (tensor.kind) {
      case "view":
        add(tensor.operand, reads.get(tensor) ?? size);
        break;
      case "reduce":
        add(tensor.operand, sizeOf(tensor.operand.shape));
        break;
      case "contract": {
        // A tile is read once for every tile of the other operand that it meets.
        const { row, column } = contractionExtents(tensor);
        const space = sizeOf(tensor.left.shape);
        add(tensor.left, space / Math.min(TYPICAL_TILE, column));
        add(tensor.right, space / Math.min(TYPICAL_TILE, row));
        break;
      }
      case "concat":
        for (const operand of tensor.operands) {
          const share = sizeOf(operand.shape) / size;
          add(operand, share * (reads.get(tensor) ?? size));
        }
        break;
      case "source":
        break;
      default: {
        // A small one is computed again for each of its readers, if it is cheap.
        const times = size <= SMALL_SIZE ? Math.max(size, reads.get(tensor) ?? 0) : size;
        for (const operand of tensor.operands) add(operand, times);
      }
    }
  }
  return reads;
}

/** What one element of a tensor costs: operations, and loads of tensors as large as itself. */
interface Work {
  readonly operations: number;
  readonly loads: number;
}

function workOf(tensor: Tensor, known: ReadonlyMap<Tensor, Work>): Work {
  const size = sizeOf(tensor.shape);
  const times = tensor.kind === "reduce" ? sizeOf(tensor.operand.shape) / size : 1;
  const isFree = tensor.kind === "view" || (tensor.kind === "map" && tensor.operands.length === 0);
  const own = isFree ? 0 : 1;
  return operandsOf(tensor).reduce((sum, operand) => {
    const { operations, loads } = known.get(operand)!;
    const large = 4 * sizeOf(operand.shape) >= size;
    return {
      operations: sum.operations + times * operations,
      loads: sum.loads + (large ? times * loads : 0),
    };
  }, { operations: own, loads: 0 });
}

function isWorthMemory(tensor: Tensor, { operations, loads }: Work, reads: number): boolean {
  if (tensor.kind === "view") return false;
  const size = sizeOf(tensor.shape);
  if (tensor.kind === "reduce" && sizeOf(tensor.operand.shape) > SHORT_REDUCTION * size) {
    return true;
  }
  if (operations > MOST_OPERATIONS) return true;
  if (operations * reads <= NEGLIGIBLE) return false;
  if (size <= SMALL_SIZE && operations <= SMALL_OPERATIONS) return false;
  const uses = reads / size;
  if (uses <= 1.01 || operations <= 1) return false;
  return operations * (uses - 1) > CHEAP || uses * loads > uses + 1 + loads;
}
