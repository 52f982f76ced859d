/**
 * Elementwise operators: nodes on operands stripped of broadcasts and in their own layout (see
 * movement.ts). Arithmetic with simplification is in arithmetic.ts.
 */
import { inverse, padRank, permute } from "./axes.ts";
import { expand, type GraphBuilder, isExpand } from "./builder.ts";
import { beforePermutation, commonPermutation, transpose } from "./movement.ts";
import { broadcastShapes, type ElementType, sizeOf, type Value } from "./value.ts";

export interface ElementwiseSpec {
  readonly op: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, number | { readonly float: number }>>;
  /** Element type of the result; that of the first operand if absent. */
  readonly dtype?: ElementType;
}

/** An operator that computes each element from the operands' elements at the same, broadcast, place. */
export function elementwise(
  b: GraphBuilder,
  spec: ElementwiseSpec,
  operands: readonly Value[],
): Value {
  const shape = operands.map((x) => x.shape).reduce(broadcastShapes);
  const narrow = operands.map((x) => isExpand(x) ? x.node.inputs[0]! : x);
  const core = padRank(narrow.map((x) => x.shape).reduce(broadcastShapes), shape.length);
  const perm = commonPermutation(narrow, shape.length);
  const dtype = spec.dtype ?? operands[0]!.dtype;
  if (perm) {
    const inputs = narrow.map((x) => beforePermutation(b, x, perm));
    const inner = b.node({ ...spec, inputs }, { shape: permute(core, inverse(perm)), dtype });
    return expand(b, transpose(b, inner, perm), shape);
  }
  const rank = Math.max(...narrow.map((x) => x.shape.length));
  const value = b.node(
    { ...spec, inputs: narrow },
    { shape: core.slice(core.length - rank), dtype },
  );
  return expand(b, value, shape);
}

/** A unary operator that keeps the element type. */
export function unary(b: GraphBuilder, op: string, x: Value): Value {
  return elementwise(b, { op }, [x]);
}

/** A comparison or a logical operator, which gives booleans. */
export function predicate(b: GraphBuilder, op: string, operands: readonly Value[]): Value {
  return elementwise(b, { op, dtype: "bool" }, operands);
}

/** Converts the elements to another type. */
export function cast(b: GraphBuilder, x: Value, dtype: ElementType): Value {
  if (x.dtype === dtype) return x;
  return elementwise(b, { op: "Cast", attributes: { to: ONNX_TYPES[dtype] }, dtype }, [x]);
}

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

/** The element types' numbers in ONNX (TensorProto.DataType). */
export const ONNX_TYPES = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;
