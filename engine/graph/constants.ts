/** Tensors whose elements are known. */
import { expand, type GraphBuilder } from "./builder.ts";
import { type ElementType, sizeOf, type Value } from "./value.ts";

/** A tensor with one value everywhere, kept symbolic. */
export function fill(
  b: GraphBuilder,
  value: number,
  shape: readonly number[],
  dtype: ElementType = "float32",
): Value {
  const data = {
    float32: () => Float32Array.of(value),
    int32: () => Int32Array.of(value),
    int64: () => BigInt64Array.of(BigInt(value)),
    bool: () => Uint8Array.of(value),
  }[dtype]();
  return expand(b, b.constant(data, []), shape);
}

/** A constant tensor, symbolic if all its elements are equal. */
export function constantTensor(
  b: GraphBuilder,
  data: Float32Array | Int32Array | Uint8Array,
  shape: readonly number[],
): Value {
  const first = data[0];
  if (sizeOf(shape) > 1 && data.every((element) => Object.is(element, first))) {
    return expand(b, b.constant(data.slice(0, 1), []), shape);
  }
  // Copied, because the caller may write to its array later.
  return b.constant(data.slice(), shape);
}
