/** Reductions over axes. */
import { inverse, normalizeAxes, padRank, permutationOf, permute } from "./axes.ts";
import { binary } from "./arithmetic.ts";
import { expand, type GraphBuilder, isExpand, scalarOf } from "./builder.ts";
import { fill } from "./elementwise.ts";
import { reshape, transpose } from "./movement.ts";
import { sizeOf, type Value } from "./value.ts";

export type ReduceOp = "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceProd";

/** Reduces `x` over `axes` (negative ones count from the end), keeping them as ones if `keepDims`. */
export function reduce(
  b: GraphBuilder,
  op: ReduceOp,
  x: Value,
  axes: readonly number[],
  keepDims: boolean,
): Value {
  const over = normalizeAxes(axes, x.shape.length);
  const kept = x.shape.map((extent, axis) => over.includes(axis) ? 1 : extent);
  const result = reduceKeeping(b, op, x, over, kept);
  return keepDims ? result : reshape(b, result, x.shape.filter((_, axis) => !over.includes(axis)));
}

function reduceKeeping(
  b: GraphBuilder,
  op: ReduceOp,
  x: Value,
  over: readonly number[],
  kept: readonly number[],
): Value {
  if (over.every((axis) => x.shape[axis] === 1)) return x;
  if (isExpand(x)) return reduceBroadcast(b, op, x, over, kept);
  if (op === "ReduceSum" && x.node.op === "Mul") {
    const [y, z] = [x.node.inputs[0]!, x.node.inputs[1]!];
    const [factor, other] = scalarOf(y) !== undefined ? [y, z] : [z, y];
    // One multiplication of the sum instead of one of every term.
    if (scalarOf(factor) !== undefined) {
      return binary(b, "Mul", reduceKeeping(b, op, other, over, kept), factor);
    }
  }
  const perm = permutationOf(x);
  if (perm) {
    const operand = x.node.inputs[0]!;
    const axes = over.map((axis) => perm[axis]!).sort((p, q) => p - q);
    const inner = reduceKeeping(b, op, operand, axes, permute(kept, inverse(perm)));
    return transpose(b, inner, perm);
  }
  return b.node(
    { op, inputs: [x, b.integers(over)], attributes: { keepdims: 1 } },
    { shape: kept, dtype: x.dtype },
  );
}

/** A reduction over repeated elements: a sum counts them, a product raises to a power, others ignore them. */
function reduceBroadcast(
  b: GraphBuilder,
  op: ReduceOp,
  x: Value,
  over: readonly number[],
  kept: readonly number[],
): Value {
  const operand = x.node.inputs[0]!;
  const real = padRank(operand.shape, x.shape.length);
  const repeated = over.filter((axis) => real[axis] === 1);
  const count = sizeOf(repeated.map((axis) => x.shape[axis]!));
  const shape = real.map((extent, axis) => over.includes(axis) ? 1 : extent);
  const inner = reduceKeeping(b, op, reshape(b, operand, real), over, shape);
  const counted = op === "ReduceSum"
    ? binary(b, "Mul", inner, fill(b, count, [], x.dtype))
    : op === "ReduceProd"
    ? binary(b, "Pow", inner, fill(b, count, [], x.dtype))
    : inner;
  return expand(b, counted, kept);
}
