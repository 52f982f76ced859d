/** Reductions over axes, and running sums and products along one. */
import { inverse, normalizeAxes, padRank, permutationOf, permute } from "./axes.ts";
import { binary } from "./arithmetic.ts";
import { expand, fill, type GraphBuilder, isExpand } from "./builder.ts";
import { cast, unary, unlessNaN } from "./elementwise.ts";
import { pad, reshape, sliceAlong, transpose } from "./movement.ts";
import { sizeOf, type Value } from "./value.ts";

export type ReduceOp = "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceProd";

/** The result of a reduction over no elements. */
const OF_NOTHING: Readonly<Record<ReduceOp, number>> = {
  ReduceSum: 0,
  ReduceMean: NaN,
  ReduceMax: -Infinity,
  ReduceMin: Infinity,
  ReduceProd: 1,
};

/**
 * Reduces `x` over `axes` (negative ones count from the end), keeping them as ones if `keepDims`.
 * Booleans are reduced as integers, and stay booleans under a maximum or a minimum.
 */
export function reduce(
  b: GraphBuilder,
  op: ReduceOp,
  x: Value,
  axes: readonly number[],
  keepDims: boolean,
): Value {
  if (x.dtype === "bool") {
    const result = reduce(b, op, cast(b, x, "int32"), axes, keepDims);
    return op === "ReduceMax" || op === "ReduceMin" ? cast(b, result, "bool") : result;
  }
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
  if (sizeOf(x.shape) === 0) return fill(b, OF_NOTHING[op], kept, x.dtype);
  if (isExpand(x)) return reduceBroadcast(b, op, x, over, kept);
  const perm = permutationOf(x);
  if (perm) {
    const operand = x.node.inputs[0]!;
    const axes = over.map((axis) => perm[axis]!).sort((p, q) => p - q);
    const inner = reduceKeeping(b, op, operand, axes, permute(kept, inverse(perm)));
    return transpose(b, inner, perm);
  }
  const reduceWith = (op: ReduceOp, x: Value) =>
    b.node(
      { op, inputs: [x, b.integers(over)], attributes: { keepdims: 1 } },
      { shape: kept, dtype: x.dtype },
    );
  const result = reduceWith(op, x);
  if (x.dtype !== "float32" || (op !== "ReduceMax" && op !== "ReduceMin")) return result;
  // ONNX Runtime's maximum and minimum pass over NaN; a sum of magnitudes is NaN where one is.
  const sum = reduceWith("ReduceSum", unary(b, "Abs", x));
  return unlessNaN(b, sum, result, sum);
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
    ? binary(b, "Mul", inner, count)
    : op === "ReduceProd"
    ? binary(b, "Pow", inner, count)
    : inner;
  return expand(b, counted, kept);
}

interface Scan {
  readonly axis: number;
  /** Whether an element's own value is left out. */
  readonly exclusive: boolean;
  /** Whether it runs from the end. */
  readonly reverse: boolean;
}

/** Sums of all elements up to each. https://onnx.ai/onnx/operators/onnx__CumSum.html */
export function cumulativeSum(
  b: GraphBuilder,
  x: Value,
  { axis, exclusive, reverse }: Scan,
): Value {
  return b.node({
    op: "CumSum",
    inputs: [x, b.constant(BigInt64Array.of(BigInt(axis)), [])],
    attributes: { exclusive: Number(exclusive), reverse: Number(reverse) },
  }, x);
}

/**
 * Products of all elements up to each, for which ONNX has no operator: the products of 1, 2, 4, …
 * elements, each from two of the ones before (Hillis and Steele 1986).
 */
export function cumulativeProduct(b: GraphBuilder, x: Value, scan: Scan): Value {
  let result = scan.exclusive ? shifted(b, x, 1, scan) : x;
  for (let reach = 1; reach < x.shape[scan.axis]!; reach *= 2) {
    result = binary(b, "Mul", result, shifted(b, result, reach, scan));
  }
  return result;
}

/** `x` moved on along the axis, with ones coming in. */
function shifted(b: GraphBuilder, x: Value, by: number, { axis, reverse }: Scan): Value {
  const extent = x.shape[axis]!;
  const left = Math.max(extent - by, 0);
  const at = (value: number) => x.shape.map((_, i) => i === axis ? value : 0);
  const part = sliceAlong(b, x, axis, reverse ? extent - left : 0, left);
  const [before, after] = reverse ? [0, extent - left] : [extent - left, 0];
  return pad(b, part, at(before), at(after), 1);
}
