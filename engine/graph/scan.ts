/** Running sums and products along an axis. */
import { binary } from "./arithmetic.ts";
import type { GraphBuilder } from "./builder.ts";
import { pad, slice } from "./movement.ts";
import type { Value } from "./value.ts";

export interface Scan {
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
  const part = slice(b, x, at(reverse ? extent - left : 0), x.shape.with(axis, left));
  const [before, after] = reverse ? [0, extent - left] : [extent - left, 0];
  return pad(b, part, at(before), at(after), 1);
}
