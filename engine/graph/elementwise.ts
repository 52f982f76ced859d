/**
 * Elementwise operators: nodes on operands stripped of broadcasts and in their own layout (see
 * movement.ts). Arithmetic with simplification is in arithmetic.ts.
 */
import { inverse, padRank, permute } from "./axes.ts";
import { expand, fill, type GraphBuilder, isExpand } from "./builder.ts";
import { beforePermutation, commonPermutation, transpose } from "./movement.ts";
import { broadcastShapes, type ElementType, type Value } from "./value.ts";

interface ElementwiseSpec {
  readonly op: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, number | { readonly float: number }>>;
  /** Element type of the result; that of the operands if absent. */
  readonly dtype?: ElementType;
}

/** Operators that ONNX Runtime has for booleans; any other computes with them as integers 0 and 1. */
const ON_BOOLEANS = new Set(["And", "Cast", "Equal", "Not", "Or", "Xor"]);

/** An operand of an elementwise operator; a number is of the type of the operands beside it. */
export type Operand = Value | number;

/** The operands as values. */
export function valuesOf(b: GraphBuilder, operands: readonly Operand[]): Value[] {
  const { dtype } = operands.find((x) => typeof x !== "number") ?? { dtype: "float32" };
  return operands.map((x) => typeof x === "number" ? fill(b, x, [], dtype) : x);
}

/** An operator that computes each element from the operands' elements at the same, broadcast, place. */
export function elementwise(
  b: GraphBuilder,
  spec: ElementwiseSpec,
  operandsOrNumbers: readonly Operand[],
): Value {
  const operands = valuesOf(b, operandsOrNumbers);
  if (ON_BOOLEANS.has(spec.op)) return onNumbers(b, spec, operands);
  // The condition of Where is a boolean, and does not decide about the result.
  const first = spec.op === "Where" ? 1 : 0;
  const numbers = operands.map((x, i) =>
    i >= first && x.dtype === "bool" ? cast(b, x, "int32") : x
  );
  const { dtype = numbers[first]!.dtype } = spec;
  const result = onNumbers(b, { ...spec, dtype }, numbers);
  return spec.dtype ? result : cast(b, result, operands[first]!.dtype);
}

function onNumbers(b: GraphBuilder, spec: ElementwiseSpec, operands: readonly Value[]): Value {
  const shape = operands.map((x) => x.shape).reduce(broadcastShapes);
  const narrow = operands.map((x) => isExpand(x) ? x.node.inputs[0]! : x);
  const core = padRank(narrow.map((x) => x.shape).reduce(broadcastShapes), shape.length);
  const perm = commonPermutation(narrow, shape.length);
  const { dtype = operands[0]!.dtype, ...node } = spec;
  if (perm) {
    const inputs = narrow.map((x) => beforePermutation(b, x, perm));
    const inner = b.node({ ...node, inputs }, { shape: permute(core, inverse(perm)), dtype });
    return expand(b, transpose(b, inner, perm), shape);
  }
  const rank = Math.max(...narrow.map((x) => x.shape.length));
  const value = b.node(
    { ...node, inputs: narrow },
    { shape: core.slice(core.length - rank), dtype },
  );
  return expand(b, value, shape);
}

/** A unary operator that keeps the element type. */
export function unary(b: GraphBuilder, op: string, x: Value): Value {
  return elementwise(b, { op }, [x]);
}

/** A comparison or a logical operator, which gives booleans. */
export function predicate(b: GraphBuilder, op: string, operands: readonly Operand[]): Value {
  return elementwise(b, { op, dtype: "bool" }, operands);
}

/** Converts the elements to another type. */
export function cast(b: GraphBuilder, x: Value, dtype: ElementType): Value {
  if (x.dtype === dtype) return x;
  return elementwise(b, { op: "Cast", attributes: { to: ONNX_TYPES[dtype] }, dtype }, [x]);
}

/** `value` where `x` is a number, and `other` where it is NaN. */
export function unlessNaN(b: GraphBuilder, x: Value, value: Operand, other: Operand): Value {
  // NaN alone differs from itself. ONNX's IsNaN says the same, but not on every device.
  return where(b, predicate(b, "Equal", [x, x]), value, other);
}

/** `yes` where the condition holds and `no` elsewhere, of the type of both. */
export function where(b: GraphBuilder, condition: Value, yes: Operand, no: Operand): Value {
  return elementwise(b, { op: "Where" }, [condition, ...valuesOf(b, [yes, no])]);
}

/** The element types' numbers in ONNX (TensorProto.DataType). */
export const ONNX_TYPES = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;
